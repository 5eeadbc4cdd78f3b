//! Whether a request is allowed.

use crate::{
    access::Request,
    caller::Caller,
    statement::{Effect, Statement},
};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No statement of the caller's role, and none of the resource, allows it.
    NothingAllows,
    /// A statement of the caller's role denies it.
    DeniedByIdentity,
    /// A statement of the resource's policy denies it.
    DeniedByResource,
}

/// Decides by the statements of the caller's role and by those of the resource's policy. Within one
/// account, either may allow.
///
/// # Errors
///
/// Why it is refused.
pub fn decide(
    caller: &Caller<'_>,
    identity: &[Statement],
    resource: &[Statement],
    request: &Request,
) -> Result<(), Reason> {
    let says = |statements: &[Statement], effect: Effect| {
        let mut those = statements.iter().filter(|it| it.effect == effect);
        those.any(|it| it.is_about(caller, request))
    };
    if says(identity, Effect::Deny) {
        return Err(Reason::DeniedByIdentity);
    }
    if says(resource, Effect::Deny) {
        return Err(Reason::DeniedByResource);
    }
    if says(identity, Effect::Allow) || says(resource, Effect::Allow) {
        return Ok(());
    }
    Err(Reason::NothingAllows)
}

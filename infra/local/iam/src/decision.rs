//! Whether a request is allowed.

use local_core::ACCOUNT;

use crate::{
    access::Request,
    caller::Caller,
    statement::{Effect, Principal, Statement},
    text::like,
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
        those.any(|it| applies(it, caller, request).is_some())
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

/// Of the actions and resources of a statement those that are about this request of this caller,
/// if it is about it.
pub(crate) fn applies<'s>(
    statement: &'s Statement,
    caller: &Caller<'_>,
    request: &Request,
) -> Option<(&'s str, &'s str)> {
    if statement.principals.as_ref().is_some_and(|it| !it.iter().any(|it| is(it, caller))) {
        return None;
    }
    let wanted = request.action.to_ascii_lowercase();
    let action = statement.actions.iter().find(|it| like(&it.to_ascii_lowercase(), &wanted))?;
    let resource = statement.resources.iter().find(|it| like(it, &request.resource))?;
    let context = caller.context(&request.context);
    statement.conditions.iter().all(|it| it.holds(&context)).then_some((action, resource))
}

/// Whether a caller is one that a statement names.
fn is(principal: &Principal, caller: &Caller<'_>) -> bool {
    match (principal, caller) {
        (Principal::Anyone, _) => true,
        (Principal::Service(name), Caller::Service { name: own, .. }) => name == own,
        (Principal::Aws(name), Caller::Role { role, .. }) => {
            *name == role.arn || name == ACCOUNT || *name == format!("arn:aws:iam::{ACCOUNT}:root")
        }
        (Principal::Service(_), Caller::Role { .. })
        | (Principal::Aws(_), Caller::Service { .. }) => false,
    }
}

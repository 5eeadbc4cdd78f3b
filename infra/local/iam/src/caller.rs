use local_core::ACCOUNT;

use crate::{access::Context, role::Role};

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// A role, as which a function or a state machine acts.
    Role {
        /// The role.
        role: &'a Role,
        /// The session's name: of a function, its own.
        session: &'a str,
    },
    /// A service of AWS on behalf of a resource, such as the bus for a rule.
    Service {
        /// The service's name, e.g. `events.amazonaws.com`.
        name: &'a str,
        /// The ARN of the resource.
        source_arn: &'a str,
    },
}

impl Caller<'_> {
    /// What a condition sees: what the request says, and who asks.
    ///
    /// Everything counts as sent over TLS: what only listens on this machine has none.
    pub(crate) fn context(&self, of_request: &Context) -> Context {
        let mut context = of_request.clone();
        context.set("aws:securetransport", ["true"]);
        match self {
            Self::Role { role, .. } => {
                context.set("aws:principalarn", [role.arn.as_str()]);
                context.set("aws:principalaccount", [ACCOUNT]);
                context.set("aws:principalisawsservice", ["false"]);
            }
            Self::Service { source_arn, .. } => {
                context.set("aws:sourcearn", [*source_arn]);
                context.set("aws:sourceaccount", [ACCOUNT]);
                context.set("aws:principalisawsservice", ["true"]);
            }
        }
        context
    }

    /// The ARN that refusals name; of a service, its name.
    pub(crate) fn arn(&self) -> String {
        match self {
            Self::Role { role, session } => {
                let name = role.arn.rsplit('/').next().unwrap_or_default();
                format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}")
            }
            Self::Service { name, .. } => (*name).to_owned(),
        }
    }
}

use std::collections::BTreeMap;

use local_core::AwsError;

use crate::{
    access::{Call, Request, SocketApis, Tables},
    caller::Caller,
    decision::{Reason, decide},
    permission::Permission,
    refusal::{refused, unknown_key},
    role::{ResourcePolicy, Role},
    statement::Statement,
};

/// What the access keys of functions begin with here. A caller with another is the administrator of
/// the account: tests, and people with their command line.
const KEYS: &str = "local.";

/// The access key that the function of this name signs with.
pub fn access_key_of(function: &str) -> String {
    format!("{KEYS}{function}")
}

/// Decides who may do what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authority {
    /// The roles of functions, by the functions' names.
    pub functions: BTreeMap<String, Role>,
    /// The policies of queues and buses.
    pub resources: Vec<ResourcePolicy>,
    /// The keys of tables.
    pub tables: Tables,
    /// The WebSocket APIs.
    pub socket_apis: SocketApis,
}

impl Authority {
    /// Whether a call may be carried out that came with this `Authorization` header.
    ///
    /// # Errors
    ///
    /// The refusal, as the service words it.
    pub fn check(&self, authorization: Option<&str>, call: &Call<'_>) -> Result<(), AwsError> {
        let key = authorization.and_then(access_key).unwrap_or_default();
        match key.strip_prefix(KEYS) {
            None => Ok(()),
            Some(function) => self.check_function(function, call),
        }
    }

    /// Whether a function may make a call.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check); also when there is no such function.
    pub fn check_function(&self, function: &str, call: &Call<'_>) -> Result<(), AwsError> {
        self.permissions_used(function, call).map(drop)
    }

    /// The permissions of a function's role by which it may make a call, one for each action that
    /// the call needs; none for what only the policy of a resource allows.
    ///
    /// # Errors
    ///
    /// As [`check_function`](Self::check_function).
    pub fn permissions_used(
        &self,
        function: &str,
        call: &Call<'_>,
    ) -> Result<Vec<Permission>, AwsError> {
        let Some(role) = self.functions.get(function) else {
            return Err(unknown_key(call.service()));
        };
        let caller = Caller::Role { role, session: function };
        let mut used = Vec::new();
        for request in call.needs(&self.tables, &self.socket_apis) {
            self.decide(&caller, &request)
                .map_err(|reason| refused(call.service(), &caller, &request, reason))?;
            used.extend(role.permission_for(&request));
        }
        Ok(used)
    }

    /// Whether this caller may do this one thing.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn decide(&self, caller: &Caller<'_>, request: &Request) -> Result<(), Reason> {
        let identity = match caller {
            Caller::Role { role, .. } => role.statements.as_slice(),
            Caller::Service { .. } => &[],
        };
        let of_resource = self.resources.iter().filter(|it| it.resource == request.resource);
        let of_resource: Vec<Statement> =
            of_resource.flat_map(|it| it.statements.iter().cloned()).collect();
        decide(caller, identity, &of_resource, request)
    }
}

/// The access key in `AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/dynamodb/aws4_request, …`.
fn access_key(authorization: &str) -> Option<&str> {
    let (_, rest) = authorization.split_once("Credential=")?;
    rest.split_once('/').map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_before_the_scope_of_a_signature() {
        let header = "AWS4-HMAC-SHA256 Credential=local.shop-pay/20260101/us-east-1/sqs/aws4_request, \
                      SignedHeaders=host, Signature=00";
        assert_eq!(access_key(header), Some(access_key_of("shop-pay").as_str()));
        assert_eq!(access_key("Bearer x"), None);
    }
}

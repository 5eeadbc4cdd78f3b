//! Whether a client is let in: what the Lambda authorizer of an API says.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-lambda-authorizer-output.html>.

use axum::http::{HeaderMap, StatusCode};
use local_core::{ACCOUNT, REGION};
use local_iam::{Caller, Reason, Request, Role, decide, identity_policy};
use serde_json::{Map, Value, json};
use tracing::warn;

use super::{
    CONNECT, IdentitySource, Inner, SocketAccess, SocketAuthorizer,
    event::{Asked, Of},
};
use crate::authorizer::signer;

/// The most that an authorizer may answer.
const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// Why a client is not let in: what it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused(pub(super) StatusCode, pub(super) &'static str);

const UNAUTHORIZED: Refused = Refused(StatusCode::UNAUTHORIZED, "Unauthorized");
const UNSIGNED: Refused = Refused(StatusCode::FORBIDDEN, "Forbidden");
const NOT_ALLOWED: Refused =
    Refused(StatusCode::FORBIDDEN, "User is not authorized to access this resource");
const DENIED: Refused = Refused(
    StatusCode::FORBIDDEN,
    "User is not authorized to access this resource with an explicit deny",
);
const FAILED: Refused = Refused(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");

impl Inner {
    /// What is known of a client from now on, if it is let in: who signed, or what the authorizer
    /// says of it.
    pub(super) async fn authorize(
        &self,
        access: &SocketAccess,
        of: Of<'_>,
        asked: &Asked,
        headers: &HeaderMap,
    ) -> Result<Option<Value>, Refused> {
        match access {
            SocketAccess::Anyone => Ok(None),
            // A browser cannot set headers of a handshake, and signs the query.
            SocketAccess::Iam => {
                let in_query = asked.query.contains_key("X-Amz-Signature");
                if in_query || signer(headers).is_some() { Ok(None) } else { Err(UNSIGNED) }
            }
            SocketAccess::Function(authorizer) => self.ask(authorizer, of, asked).await.map(Some),
        }
    }

    async fn ask(
        &self,
        authorizer: &SocketAuthorizer,
        of: Of<'_>,
        asked: &Asked,
    ) -> Result<Value, Refused> {
        let has = |source: &IdentitySource| {
            let values = match source {
                IdentitySource::Header(name) => asked.headers.get(&name.to_ascii_lowercase()),
                IdentitySource::Query(name) => asked.query.get(name),
            };
            values.is_some_and(|values| values.iter().any(|value| !value.is_empty()))
        };
        if !authorizer.sources.iter().all(has) {
            return Err(UNAUTHORIZED);
        }
        let Self { id, stage, .. } = self;
        let method_arn = format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{id}/{stage}/{CONNECT}");
        let event = self.authorizer_event(of, asked, &method_arn).to_string().into();
        let function = authorizer.function.as_str();
        let reply = self.invoker.invoke(function, event).await.map_err(|reason| {
            warn!(function, reason, "authorizer could not be invoked");
            FAILED
        })?;
        let answer: Value = serde_json::from_slice(&reply.payload).unwrap_or_default();
        if reply.function_error.is_some() {
            // By this one message an authorizer says that it does not know the caller.
            let is_unknown = answer["errorMessage"] == "Unauthorized";
            return Err(if is_unknown { UNAUTHORIZED } else { FAILED });
        }
        if reply.payload.len() > ANSWER_BYTES_MAX {
            warn!(function, "authorizer answered more than 8 KB");
            return Err(FAILED);
        }
        decided(&answer, &method_arn).inspect_err(|refused| {
            if *refused == FAILED {
                warn!(
                    function,
                    "authorizer answered no policy: principalId, policyDocument, context"
                );
            }
        })
    }
}

/// `requestContext.authorizer`, if the answer lets the client in.
fn decided(answer: &Value, method_arn: &str) -> Result<Value, Refused> {
    let principal = answer["principalId"].as_str().ok_or(FAILED)?;
    let statements = identity_policy(&answer["policyDocument"]).map_err(|_| FAILED)?;
    let mut known = Map::new();
    match &answer["context"] {
        Value::Null => {}
        Value::Object(context) => {
            for (name, value) in context {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(_) | Value::Bool(_) => value.to_string(),
                    Value::Null | Value::Array(_) | Value::Object(_) => return Err(FAILED),
                };
                known.insert(name.clone(), json!(text));
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(FAILED);
        }
    }
    known.insert("principalId".to_owned(), json!(principal));
    let role = Role::default();
    let caller = Caller::Role { role: &role, session: principal };
    let request = Request::new("execute-api:Invoke", method_arn);
    match decide(&caller, &statements, &[], &request) {
        Ok(()) => Ok(Value::Object(known)),
        Err(Reason::NothingAllows) => Err(NOT_ALLOWED),
        Err(Reason::DeniedByIdentity | Reason::DeniedByResource) => Err(DENIED),
    }
}

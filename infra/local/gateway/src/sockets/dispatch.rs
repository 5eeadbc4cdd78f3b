//! Which function is invoked, and what its answer means.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tracing::{error, warn};

use super::{
    CONNECT, DEFAULT, DISCONNECT, Inner, SocketRouteSpec,
    event::{Body, Of},
    registry::Connection,
};
use crate::InvokeReply;

/// What a function answered: as much of it as matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The header `Sec-WebSocket-Protocol`.
    pub(super) protocol: Option<String>,
}

/// Why a function has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    TimedOut,
    NotInvoked,
    Failed,
    Malformed,
}

impl Failure {
    /// What a client is answered that wants to be let in.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::NotInvoked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Failed | Self::Malformed => StatusCode::BAD_GATEWAY,
        }
    }
}

impl Connection {
    pub(super) fn of(&self) -> Of<'_> {
        Of {
            connection_id: &self.id,
            connected_at: self.connected_at,
            domain: &self.domain,
            identity: &self.identity,
            authorizer: self.authorizer.as_ref(),
        }
    }
}

impl Inner {
    /// The route that lets clients in; without one everyone is.
    pub(super) fn connect_route(&self) -> Option<&SocketRouteSpec> {
        self.routes.get(CONNECT)
    }

    /// Hands a message to the function of its route, and gives back what the client is told: nothing
    /// if all went well.
    pub(super) async fn message(
        self: Arc<Self>,
        connection: Arc<Connection>,
        body: Body,
    ) -> Option<String> {
        let request_id = self.ids.next();
        let told = |message: &str| {
            let told = json!({
                "message": message,
                "connectionId": connection.id,
                "requestId": request_id,
            });
            Some(told.to_string())
        };
        let Some(route) = self.route_of(&body) else { return told("Forbidden") };
        let event = self.message_event(connection.of(), &route.key, &request_id, &body);
        match self.invoke(route, &event).await {
            // Without a route response the answer goes nowhere.
            Ok(_answer) => None,
            Err(_failure) => told("Internal server error"),
        }
    }

    /// Tells the function of `$disconnect` that a client is gone. It is told once, whatever it
    /// answers.
    pub(super) async fn disconnect(&self, connection: &Connection, code: u16, reason: &str) {
        if let Some(route) = self.routes.get(DISCONNECT) {
            let event = self.disconnect_event(connection.of(), code, reason);
            let _ = self.invoke(route, &event).await;
        }
    }

    /// The route that a message names, or the one for all others.
    fn route_of(&self, body: &Body) -> Option<&SocketRouteSpec> {
        let named = match body {
            Body::Text(text) => serde_json::from_str::<Value>(text).ok(),
            Body::Binary(bytes) => serde_json::from_slice(bytes).ok(),
        };
        let at = |value: Value| {
            let found = self.selection.iter().try_fold(&value, |value, name| value.get(name))?;
            match found {
                Value::String(text) => Some(text.clone()),
                Value::Number(_) | Value::Bool(_) => Some(found.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            }
        };
        // No message can take a route that has a meaning of its own.
        let key = named.and_then(at).filter(|key| !key.starts_with('$'));
        key.and_then(|key| self.routes.get(&key)).or_else(|| self.routes.get(DEFAULT))
    }

    pub(super) async fn invoke(
        &self,
        route: &SocketRouteSpec,
        event: &Value,
    ) -> Result<Answer, Failure> {
        let SocketRouteSpec { key, function, timeout, .. } = route;
        let invocation = self.invoker.invoke(function, event.to_string().into());
        match tokio::time::timeout(*timeout, invocation).await {
            Err(_elapsed) => {
                warn!(function, route = key, "no answer within the integration timeout");
                Err(Failure::TimedOut)
            }
            Ok(Err(reason)) => {
                warn!(function, route = key, reason, "function could not be invoked");
                Err(Failure::NotInvoked)
            }
            Ok(Ok(InvokeReply { function_error: Some(kind), .. })) => {
                error!(function, route = key, kind, "function failed");
                Err(Failure::Failed)
            }
            Ok(Ok(InvokeReply { payload, function_error: None })) => {
                answer(&payload).ok_or_else(|| {
                    error!(function, route = key, "function answered no statusCode");
                    Failure::Malformed
                })
            }
        }
    }
}

/// The answer of a proxy integration: an object with a status.
fn answer(payload: &[u8]) -> Option<Answer> {
    let answer: Value = serde_json::from_slice(payload).ok()?;
    let status = match &answer["statusCode"] {
        Value::String(digits) => digits.parse().ok(),
        Value::Number(code) => code.as_u64().and_then(|code| u16::try_from(code).ok()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let status = status.filter(|code| (200..=599).contains(code));
    let status = StatusCode::from_u16(status?).ok()?;
    let headers = answer["headers"].as_object().into_iter().flatten();
    let protocol = headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))
        .find_map(|(_, value)| value.as_str().map(str::to_owned));
    Some(Answer { status, protocol })
}

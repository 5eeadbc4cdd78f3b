//! The management of connections: to post to a client, to see whether it is there, to close it.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use local_core::{AwsError, Protocol, moment::to_millisecond};
use serde_json::json;

use super::{
    Inner, MESSAGE_BYTES_MAX,
    ids::is_id,
    registry::{Connection, Unreachable},
};

/// The service that requests are signed for.
const SERVICE: &str = "execute-api";

pub(super) fn router(api: Arc<Inner>) -> Router {
    let mut router = Router::new();
    // Some clients escape the `@`.
    for path in ["/{stage}/@connections/{id}", "/{stage}/%40connections/{id}"] {
        router = router.route(path, post(manage).get(manage).delete(manage));
    }
    router.with_state(api)
}

async fn manage(
    State(api): State<Arc<Inner>>,
    Path((stage, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let answer = async {
        is_signed(&parts.headers)?;
        if stage != api.stage {
            return Err(forbidden("ForbiddenException", "Forbidden"));
        }
        if !is_id(&id) {
            let message = format!("Invalid connectionId: {id}");
            return Err(AwsError::client("BadRequestException", message));
        }
        match parts.method {
            Method::POST => send(&api, &id, body).await,
            Method::DELETE => {
                connection(&api, &id)?.close().map_err(unreachable)?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            _ => connection(&api, &id).map(|it| described(&it)),
        }
    };
    answer.await.unwrap_or_else(|error: AwsError| Protocol::RestJson.refusal(&error))
}

async fn send(api: &Inner, id: &str, body: Body) -> Result<Response, AwsError> {
    let Ok(data) = to_bytes(body, MESSAGE_BYTES_MAX).await else {
        let message = "Message too long";
        return Err(AwsError {
            status: 413,
            ..AwsError::client("PayloadTooLargeException", message)
        });
    };
    connection(api, id)?.post(data).await.map_err(unreachable)?;
    Ok(StatusCode::OK.into_response())
}

fn connection(api: &Inner, id: &str) -> Result<Arc<Connection>, AwsError> {
    api.connections.get(id).ok_or_else(|| unreachable(Unreachable::Gone))
}

fn described(connection: &Connection) -> Response {
    let body = json!({
        "connectedAt": to_millisecond(connection.connected_at),
        "identity": {
            "sourceIp": connection.identity["sourceIp"],
            "userAgent": connection.identity["userAgent"].as_str().unwrap_or_default(),
        },
        "lastActiveAt": to_millisecond(connection.last_active_at()),
    });
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn unreachable(why: Unreachable) -> AwsError {
    match why {
        Unreachable::Gone => AwsError { status: 410, ..AwsError::client("GoneException", "Gone") },
        Unreachable::Busy => {
            AwsError { status: 429, ..AwsError::client("LimitExceededException", "Rate exceeded") }
        }
    }
}

fn forbidden(code: &str, message: &str) -> AwsError {
    AwsError { status: 403, ..AwsError::client(code, message) }
}

/// Whether the request is signed, by Signature Version 4, for this service. The signature itself is
/// not checked: there are no secrets here.
fn is_signed(headers: &HeaderMap) -> Result<(), AwsError> {
    let value = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let Some(value) = value.filter(|it| it.starts_with("AWS4-")) else {
        let message = "Missing Authentication Token";
        return Err(forbidden("MissingAuthenticationTokenException", message));
    };
    let member = |name: &str| {
        let (_, rest) = value.split_once(name)?;
        rest.split([',', ' ']).next().filter(|it| !it.is_empty())
    };
    let (Some(scope), Some(_), Some(_)) =
        (member("Credential="), member("SignedHeaders="), member("Signature="))
    else {
        let message = "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders'";
        return Err(forbidden("IncompleteSignatureException", message));
    };
    if scope.rsplit('/').nth(1) != Some(SERVICE) {
        let message = format!("Credential should be scoped to correct service: '{SERVICE}'.");
        return Err(forbidden("InvalidSignatureException", &message));
    }
    Ok(())
}

//! The Lambda Runtime API, as the process of an environment sees it.
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::{SYNC_PAYLOAD_BYTES_MAX, fault::Fault, host::Inner};

/// The largest answer of a function: Lambda allows a hundred bytes over the request's limit.
const RESPONSE_BYTES_MAX: usize = SYNC_PAYLOAD_BYTES_MAX + 100;

/// What a process says to its environment.
pub(crate) enum Call {
    /// It asks for an invocation and waits for it.
    Next(Poll),
    /// It has answered the invocation that it was given.
    Outcome {
        request_id: String,
        outcome: Outcome,
        /// Dropped if `request_id` is not the invocation it was given.
        accepted: oneshot::Sender<()>,
    },
    /// It cannot get ready, and says why.
    InitError(Bytes),
}

/// A process that waits for an invocation.
pub(crate) type Poll = oneshot::Sender<Delivery>;

/// How a process answered an invocation.
pub(crate) enum Outcome {
    Response(Bytes),
    Error(Bytes),
    Fault(Fault),
}

/// An invocation as a process receives it.
pub(crate) struct Delivery {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) trace_id: String,
    pub(crate) function_arn: String,
    pub(crate) deadline_ms: u128,
}

pub(crate) fn router(host: Arc<Inner>) -> Router {
    let runtime = Router::new()
        .route("/invocation/next", get(next))
        .route("/invocation/{request_id}/response", post(response))
        .route("/invocation/{request_id}/error", post(error))
        .route("/init/error", post(init_error));
    Router::new().nest("/rt/{function}/{number}/2018-06-01/runtime", runtime).with_state(host)
}

async fn next(
    State(host): State<Arc<Inner>>,
    Path((function, number)): Path<(String, u32)>,
) -> Response {
    let (poll, delivery) = oneshot::channel();
    if !call(&host, &function, number, Call::Next(poll)).await {
        return gone();
    }
    match delivery.await {
        Ok(delivery) => delivery.into_response(),
        Err(_) => gone(),
    }
}

async fn response(
    host: State<Arc<Inner>>,
    path: Path<(String, u32, String)>,
    body: Body,
) -> Response {
    answer(host, path, body, Outcome::Response).await
}

async fn error(host: State<Arc<Inner>>, path: Path<(String, u32, String)>, body: Body) -> Response {
    answer(host, path, body, Outcome::Error).await
}

async fn answer(
    State(host): State<Arc<Inner>>,
    Path((function, number, request_id)): Path<(String, u32, String)>,
    body: Body,
    outcome: fn(Bytes) -> Outcome,
) -> Response {
    let (outcome, status) = match to_bytes(body, RESPONSE_BYTES_MAX).await {
        Ok(payload) => (outcome(payload), StatusCode::ACCEPTED),
        Err(_) => {
            let fault = Fault::response_too_large(RESPONSE_BYTES_MAX);
            (Outcome::Fault(fault), StatusCode::PAYLOAD_TOO_LARGE)
        }
    };
    let (accepted, acceptance) = oneshot::channel();
    if !call(&host, &function, number, Call::Outcome { request_id, outcome, accepted }).await {
        return gone();
    }
    match acceptance.await {
        Ok(()) => (status, Json(json!({ "status": "OK" }))).into_response(),
        Err(_) => problem(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
    }
}

async fn init_error(
    State(host): State<Arc<Inner>>,
    Path((function, number)): Path<(String, u32)>,
    payload: Bytes,
) -> Response {
    match call(&host, &function, number, Call::InitError(payload)).await {
        true => (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response(),
        false => gone(),
    }
}

async fn call(host: &Inner, function: &str, number: u32, call: Call) -> bool {
    let calls: Option<mpsc::Sender<Call>> =
        host.functions.get(function).and_then(|function| function.calls(number));
    match calls {
        Some(calls) => calls.send(call).await.is_ok(),
        None => false,
    }
}

/// The process outlived its environment and is about to be killed.
fn gone() -> Response {
    problem(StatusCode::GONE, "Runtime.EnvironmentGone", "this environment has ended")
}

fn problem(status: StatusCode, error_type: &str, message: &str) -> Response {
    (status, Json(json!({ "errorType": error_type, "errorMessage": message }))).into_response()
}

impl IntoResponse for Delivery {
    fn into_response(self) -> Response {
        let headers = [
            ("lambda-runtime-aws-request-id", self.request_id),
            ("lambda-runtime-deadline-ms", self.deadline_ms.to_string()),
            ("lambda-runtime-invoked-function-arn", self.function_arn),
            ("lambda-runtime-trace-id", self.trace_id),
        ];
        let mut response =
            ([(header::CONTENT_TYPE, "application/json")], self.payload).into_response();
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

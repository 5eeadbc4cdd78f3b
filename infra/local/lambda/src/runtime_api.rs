//! The Lambda Runtime API, as the process of an environment sees it: on a port of its own, for a
//! runtime is given a host and a port, and puts the rest of the address behind them itself.
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use local_core::guarded;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::{SYNC_PAYLOAD_BYTES_MAX, fault::Fault};

/// The largest answer of a function: Lambda allows a hundred bytes over the request's limit.
const RESPONSE_BYTES_MAX: usize = SYNC_PAYLOAD_BYTES_MAX + 100;

/// Calls of one process that may queue; a sound runtime has one at a time.
const CALLS_MAX: usize = 4;

/// What a process reports to its environment.
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
    /// It cannot get ready, and reports why.
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

/// The server of one environment. It is closed when this is dropped.
pub(crate) struct RuntimeApi {
    /// Where the process finds it.
    pub(crate) address: SocketAddr,
    /// What the process reports.
    pub(crate) calls: mpsc::Receiver<Call>,
    pub(crate) server: Server,
}

/// Dropped, it takes no more connections, and ends those that there are.
pub(crate) struct Server {
    _accepting: JoinSet<()>,
    _open: oneshot::Sender<()>,
}

impl RuntimeApi {
    /// Listens on a port that no other process has.
    pub(crate) async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, calls) = mpsc::channel(CALLS_MAX);
        let (open, closed) = oneshot::channel();
        let service = guarded(router(sender), [address.port()]);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let closed = async move {
                // All senders are gone: it is dropped.
                let _ = closed.await;
            };
            // No receiver is left for why it ended.
            let _ = axum::serve(listener, service).with_graceful_shutdown(closed).await;
        });
        Ok(Self { address, calls, server: Server { _accepting: accepting, _open: open } })
    }
}

fn router(calls: mpsc::Sender<Call>) -> Router {
    let runtime = Router::new()
        .route("/invocation/next", get(next))
        .route("/invocation/{request_id}/response", post(response))
        .route("/invocation/{request_id}/error", post(error))
        .route("/init/error", post(init_error));
    Router::new().nest("/2018-06-01/runtime", runtime).with_state(calls)
}

async fn next(State(calls): State<mpsc::Sender<Call>>) -> Response {
    let (poll, delivery) = oneshot::channel();
    if calls.send(Call::Next(poll)).await.is_err() {
        return gone();
    }
    match delivery.await {
        Ok(delivery) => delivery.into_response(),
        Err(_) => gone(),
    }
}

async fn response(
    calls: State<mpsc::Sender<Call>>,
    request_id: Path<String>,
    body: Body,
) -> Response {
    answer(calls, request_id, body, Outcome::Response).await
}

async fn error(calls: State<mpsc::Sender<Call>>, request_id: Path<String>, body: Body) -> Response {
    answer(calls, request_id, body, Outcome::Error).await
}

async fn answer(
    State(calls): State<mpsc::Sender<Call>>,
    Path(request_id): Path<String>,
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
    if calls.send(Call::Outcome { request_id, outcome, accepted }).await.is_err() {
        return gone();
    }
    match acceptance.await {
        Ok(()) => (status, Json(json!({ "status": "OK" }))).into_response(),
        Err(_) => problem(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
    }
}

async fn init_error(State(calls): State<mpsc::Sender<Call>>, payload: Bytes) -> Response {
    match calls.send(Call::InitError(payload)).await {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response(),
        Err(_) => gone(),
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

//! What can be asked of a running stack from outside, beneath `/_stack` of the AWS endpoint.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};

use super::WeakStack;

/// Where the state machines and schedules are reported.
pub const OVERVIEW_PATH: &str = "/_stack/overview";
/// Where the metrics so far are.
pub const METRICS_PATH: &str = "/_stack/metrics";

/// The routes. They hold no stack alive.
pub(super) fn router(stack: WeakStack) -> Router {
    Router::new()
        .route(OVERVIEW_PATH, get(overview))
        .route(METRICS_PATH, get(metrics))
        .with_state(stack)
}

/// What the state machines and schedules have done so far.
async fn overview(State(stack): State<WeakStack>) -> Response {
    let Some(stack) = stack.upgrade() else { return gone() };
    Json(stack.overview()).into_response()
}

/// What the functions have measured so far.
async fn metrics(State(stack): State<WeakStack>) -> Response {
    let Some(stack) = stack.upgrade() else { return gone() };
    Json(stack.logs().telemetry().metrics()).into_response()
}

fn gone() -> Response {
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

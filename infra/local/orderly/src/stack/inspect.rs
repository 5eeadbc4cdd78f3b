//! What can be asked of a running stack from outside, beneath `/_orderly` of the AWS endpoint.

use std::{sync::Weak, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use local_protocol::AwsError;
use serde_json::{Value, json};

use super::{Inner, Stack};
use crate::{
    invariants::{Evidence, Report},
    timeline,
};

/// Where the invariants are checked.
pub(crate) const INVARIANTS: &str = "/_orderly/invariants";
/// Where the state machines and schedules are told of.
pub(crate) const OVERVIEW: &str = "/_orderly/overview";
/// Where the metrics so far are.
pub(crate) const METRICS: &str = "/_orderly/metrics";
/// Beneath which orders are.
pub(crate) const ORDERS: &str = "/_orderly/orders";
/// How long a question about the invariants waits for rest.
const PATIENCE: Duration = Duration::from_secs(60);

/// The routes. They hold no stack alive.
pub(super) fn router(stack: Weak<Inner>) -> Router {
    Router::new()
        .route(INVARIANTS, get(invariants))
        .route(OVERVIEW, get(overview))
        .route(METRICS, get(metrics))
        .route(&format!("{ORDERS}/{{id}}"), get(order))
        .route(&format!("{ORDERS}/{{id}}/trace"), get(trace))
        .with_state(stack)
}

/// Waits until nothing moves, and checks: 200 if everything holds, 409 if not.
async fn invariants(State(stack): State<Weak<Inner>>) -> Response {
    let Some(stack) = stack.upgrade().map(Stack) else { return gone() };
    if !stack.settles(PATIENCE).await {
        let message = json!({ "message": "the stack does not come to rest" });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(message)).into_response();
    }
    match report(&stack).await {
        Ok(report) if report.holds() => Json(report).into_response(),
        Ok(report) => (StatusCode::CONFLICT, Json(report)).into_response(),
        Err(error) => {
            let message = json!({ "message": error.to_string() });
            (StatusCode::INTERNAL_SERVER_ERROR, Json(message)).into_response()
        }
    }
}

async fn report(stack: &Stack) -> Result<Report, AwsError> {
    Ok(Report::of(&Evidence::gather(stack, []).await?))
}

/// What the state machines and schedules have done so far.
async fn overview(State(stack): State<Weak<Inner>>) -> Response {
    let Some(stack) = stack.upgrade().map(Stack) else { return gone() };
    Json(stack.overview()).into_response()
}

/// Every event about an order, as the bus heard them.
async fn order(State(stack): State<Weak<Inner>>, Path(id): Path<String>) -> Response {
    let Some(stack) = stack.upgrade() else { return gone() };
    let (published, _) = timeline::read(stack.bus.archived());
    let events: Vec<Value> = published
        .iter()
        .filter(|event| event.order_id() == id)
        .map(|event| json!({ "copies": event.copies, "event": event.envelope }))
        .collect();
    Json(events).into_response()
}

/// What the functions have measured so far.
async fn metrics(State(stack): State<Weak<Inner>>) -> Response {
    let Some(stack) = stack.upgrade() else { return gone() };
    Json(stack.logs.told().metrics()).into_response()
}

/// The spans of every trace that an order is in.
async fn trace(State(stack): State<Weak<Inner>>, Path(id): Path<String>) -> Response {
    let Some(stack) = stack.upgrade() else { return gone() };
    Json(stack.logs.told().trace(&id)).into_response()
}

fn gone() -> Response {
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

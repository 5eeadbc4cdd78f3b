//! What can be asked of a running shop from outside, beneath `/_orderly` of the AWS endpoint.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use invariants::Report;
use local_core::AwsError;
use local_stack::WeakStack;
use serde_json::{Value, json};

use super::{ExternalServices, Shop};
use crate::{snapshot, timeline};

/// Where the invariants are checked.
pub(crate) const INVARIANTS: &str = "/_orderly/invariants";
/// Beneath which orders are.
pub(crate) const ORDERS: &str = "/_orderly/orders";
/// How long a question about the invariants waits for rest.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A shop that is not kept running from here.
#[derive(Clone)]
struct Observed {
    stack: WeakStack,
    external: ExternalServices,
}

impl Observed {
    fn shop(self) -> Option<Shop> {
        Some(Shop { stack: self.stack.upgrade()?, external: self.external })
    }
}

/// The routes. They hold no stack alive.
pub(super) fn router(stack: WeakStack, external: ExternalServices) -> Router {
    Router::new()
        .route(INVARIANTS, get(invariants))
        .route(&format!("{ORDERS}/{{id}}"), get(order))
        .route(&format!("{ORDERS}/{{id}}/trace"), get(trace))
        .with_state(Observed { stack, external })
}

/// Waits until nothing moves, and checks: 200 if everything holds, 409 if not.
async fn invariants(State(observed): State<Observed>) -> Response {
    let Some(shop) = observed.shop() else { return gone() };
    if !shop.becomes_idle(WAIT_MAX).await {
        let message = json!({ "message": "the stack does not come to rest" });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(message)).into_response();
    }
    match report(&shop).await {
        Ok(report) if report.holds() => Json(report).into_response(),
        Ok(report) => (StatusCode::CONFLICT, Json(report)).into_response(),
        Err(error) => {
            let message = json!({ "message": error.to_string() });
            (StatusCode::INTERNAL_SERVER_ERROR, Json(message)).into_response()
        }
    }
}

async fn report(shop: &Shop) -> Result<Report, AwsError> {
    Ok(Report::of(&snapshot::gather(shop).await?))
}

/// Every event about an order, as the bus received them.
async fn order(State(observed): State<Observed>, Path(id): Path<String>) -> Response {
    let Some(shop) = observed.shop() else { return gone() };
    let (published, _) = timeline::read(shop.bus().archived());
    let events: Vec<Value> = published
        .iter()
        .filter(|event| event.order_id() == id)
        .map(|event| json!({ "copies": event.copies, "event": event.envelope }))
        .collect();
    Json(events).into_response()
}

/// The spans of every trace that an order is in.
async fn trace(State(observed): State<Observed>, Path(id): Path<String>) -> Response {
    let Some(shop) = observed.shop() else { return gone() };
    Json(shop.trace(&id)).into_response()
}

fn gone() -> Response {
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

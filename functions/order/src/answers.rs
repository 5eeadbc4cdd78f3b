//! Answers to the commands of customers and operators.

use event_envelope::{Envelope, FromEnvelope, instant};
use http::{HeaderName, HeaderValue, StatusCode};
use http_api::{Problem, Reply};
use serde_json::{Value, json};

use crate::{domain::OrderEvent, place_order::OrderRequest};

/// The header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The header with the version of the order's stream after a command.
const ORDER_VERSION: HeaderName = HeaderName::from_static("order-version");

/// An answer to a command after which the order's stream is at `version`.
pub(crate) fn versioned(
    status: StatusCode,
    mut body: Value,
    version: u64,
) -> Result<Reply, Problem> {
    body["version"] = version.into();
    Ok(Reply::json(status, &body)?.header(ORDER_VERSION, version.into()))
}

/// The answer to an order that was placed: the order as created.
pub(crate) fn accepted(created: &Envelope) -> Result<Reply, Problem> {
    let OrderEvent::Created(order) =
        OrderEvent::from_envelope(created).map_err(|_| Problem::internal())?
    else {
        return Err(Problem::internal());
    };
    let body = json!({
        "orderId": order.order_id,
        "status": "created",
        "items": order.items,
        "total": order.total,
        "createdAt": instant(created.timestamp),
        "correlationId": created.correlation_id,
    });
    // A repetition is answered the same, whatever has happened since.
    versioned(StatusCode::CREATED, body, created.sequence_number)?
        .location(&format!("/orders/{}", order.order_id))
}

/// The answer to a request that came before: the same for the same body.
pub(crate) fn repeated(asked: &OrderRequest, first: &Envelope) -> Result<Reply, Problem> {
    let Ok(OrderEvent::Created(order)) = OrderEvent::from_envelope(first) else {
        return Err(Problem::internal());
    };
    if !asked.asked_for(&order) {
        let detail = "this Idempotency-Key was used for another order";
        return Err(Problem::unprocessable(detail)
            .kind("idempotency-key-reused", "The key was used before")
            .field("Idempotency-Key", "send a new key with a new order"));
    }
    Ok(again(accepted(first)?))
}

/// The answer, marked as that to a repetition.
pub(crate) fn again(reply: Reply) -> Reply {
    reply.header(REPLAYED, HeaderValue::from_static("true"))
}

//! What is read of a webhook: whether something has ended, and of which order.

use event_envelope::AggregateId;
use serde::Deserialize;

/// The largest body, in bytes. The provider's events have a few thousand.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// The types of events by which a payment or a refund has ended, or was changed since.
/// Source: <https://docs.stripe.com/api/events/types>.
const ENDS: [&str; 7] = [
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.refunded",
    "charge.refund.updated",
    "refund.updated",
    "refund.failed",
];

/// Of every event.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

/// Of events of these kinds alone: others are about other things.
#[derive(Deserialize)]
struct Event {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

/// An intent, a charge or a refund. All of them have our metadata.
#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    order_id: Option<String>,
}

/// The order that an event is about; none for events of other types, or about other orders.
///
/// # Errors
///
/// When it is no event of the provider's.
pub(super) fn order(body: &[u8]) -> Result<Option<AggregateId>, serde_json::Error> {
    let Kind { kind } = serde_json::from_slice(body)?;
    if !ENDS.contains(&kind.as_str()) {
        return Ok(None);
    }
    let Event { data } = serde_json::from_slice(body)?;
    let order = data.object.metadata.and_then(|metadata| metadata.order_id);
    Ok(order.and_then(|id| AggregateId::parse(id).ok()))
}

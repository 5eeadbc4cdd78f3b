//! What a timeline keeps of an event, and what of it is shown to whom. Pure.

mod ordering;

use catalogue::Event;
use event_envelope::{AggregateId, CorrelationId, Envelope, EventId, instant};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use ordering::in_order;

/// An event in the timeline of its order, as the table holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The order.
    pub order_id: AggregateId,
    /// The event: the same for every copy of it, in whichever version.
    pub event_id: EventId,
    /// What kind of thing happened.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The version of the event that was delivered.
    pub version: String,
    /// The service that published it.
    pub service: String,
    /// The event's place in that service's history of the order.
    pub sequence: u64,
    /// When it happened, as RFC 3339.
    pub at: String,
    /// The event that led to this one; none when a command did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caused_by: Option<EventId>,
    /// The same for all events of the order.
    pub correlation_id: CorrelationId,
    /// What happened, for the customer and for operators.
    pub summary: Map<String, Value>,
    /// What happened, for operators alone.
    pub internal: Map<String, Value>,
    /// Who gave the command that this follows from, for operators alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Whose order it is: the first event of an order says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<AggregateId>,
}

/// Who reads a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The customer whose order it is.
    Customer,
    /// An operator of the shop.
    Operator,
}

impl Entry {
    /// What is kept of an event.
    pub fn of(event: &Event, envelope: &Envelope) -> Self {
        let Summary { open, internal } = Summary::of(event);
        let customer = if let Event::OrderCreated(created) = event {
            Some(created.user_id.clone())
        } else {
            None
        };
        Self {
            order_id: event.order_id().clone(),
            event_id: envelope.event_id.clone(),
            event_type: envelope.event_type.clone(),
            version: envelope.event_version.to_string(),
            service: envelope.source.clone(),
            sequence: envelope.sequence_number,
            at: instant(envelope.timestamp),
            caused_by: envelope.causation_id.clone(),
            correlation_id: envelope.correlation_id.clone(),
            summary: members(open),
            internal: members(internal),
            actor: envelope.metadata.actor.clone(),
            customer,
        }
    }

    /// The entry as `audience` sees it.
    pub fn seen_by(&self, audience: Audience) -> Value {
        let mut seen = json!({
            "id": self.event_id,
            "at": self.at,
            "type": self.event_type,
            "service": self.service,
            "summary": self.summary,
        });
        if let Some(cause) = &self.caused_by {
            seen["causedBy"] = json!(cause);
        }
        if audience == Audience::Operator {
            seen["version"] = json!(self.version);
            seen["sequence"] = json!(self.sequence);
            seen["correlationId"] = json!(self.correlation_id);
            seen["internal"] = json!(self.internal);
            if let Some(actor) = &self.actor {
                seen["actor"] = json!(actor);
            }
        }
        seen
    }
}

/// Whether the order that `entries` tell of is this customer's.
pub fn is_of(entries: &[Entry], customer: &AggregateId) -> bool {
    entries.iter().any(|entry| entry.customer.as_ref() == Some(customer))
}

/// What an event tells: ids, codes, numbers and amounts. Texts that people or providers wrote may
/// name a person, and stay with the service that published them.
struct Summary {
    open: Value,
    internal: Value,
}

impl Summary {
    fn of(event: &Event) -> Self {
        let nothing = || json!({});
        let (open, internal) = match event {
            Event::OrderCreated(it) => {
                (json!({ "total": it.total, "lines": it.items.len() }), nothing())
            }
            Event::OrderPaid(it) => {
                (json!({ "paymentId": it.payment_id, "amount": it.amount }), nothing())
            }
            Event::OrderShipped(it) => (
                json!({ "carrier": it.carrier, "trackingNumber": it.tracking_number }),
                json!({ "shipmentId": it.shipment_id }),
            ),
            Event::OrderCompleted(it) => (json!({ "total": it.total }), nothing()),
            Event::OrderCancelled(it) => (json!({ "reason": it.reason }), nothing()),
            Event::OrderTimedOut(it) => {
                (json!({ "awaited": it.awaited, "within": it.within }), nothing())
            }
            Event::OrderResumed(_) => (nothing(), nothing()),
            Event::InventoryReserved(it) => (json!({ "lines": it.items.len() }), nothing()),
            Event::InventoryReleased(it) => (json!({ "lines": it.items.len() }), nothing()),
            Event::InventoryReservationFailed(it) => {
                (json!({ "shortages": it.shortages }), nothing())
            }
            Event::PaymentCompleted(it) => {
                (json!({ "paymentId": it.payment_id, "amount": it.amount }), nothing())
            }
            // A provider's code may say what its holder is not to learn of a card.
            Event::PaymentFailed(it) => (nothing(), json!({ "code": it.code })),
            Event::PaymentRefunded(it) => (
                json!({ "refundId": it.refund_id, "amount": it.amount }),
                json!({ "paymentId": it.payment_id }),
            ),
            Event::PaymentNeedsReview(it) => {
                (nothing(), json!({ "step": it.step, "attempts": it.attempts }))
            }
            Event::ShipmentCreated(it) => (
                json!({ "carrier": it.carrier, "trackingNumber": it.tracking_number }),
                json!({ "shipmentId": it.shipment_id }),
            ),
            Event::ShippingFailed(it) => (nothing(), json!({ "code": it.code })),
            Event::ShippingNeedsReview(it) => {
                (nothing(), json!({ "step": it.step, "attempts": it.attempts }))
            }
            Event::NotificationSent(it) => {
                (json!({ "template": it.template }), json!({ "messageId": it.message_id }))
            }
            Event::NotificationFailed(it) => (json!({ "template": it.template }), nothing()),
        };
        Self { open, internal }
    }
}

/// The members of an object that are there.
fn members(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { return Map::new() };
    members.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

#[cfg(test)]
mod tests;

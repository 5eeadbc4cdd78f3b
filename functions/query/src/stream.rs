//! An order as its own events tell it, for when the read model does not have it. Pure.

use event_envelope::{DecodeError, Envelope, FromEnvelope, instant};
use serde_json::{Value, json};

catalogue::subscribe! {
    /// What the stream of an order holds: all that its service publishes.
    enum OrderEvent {
        Created(OrderCreated),
        Paid(OrderPaid),
        Shipped(OrderShipped),
        Completed(OrderCompleted),
        Cancelled(OrderCancelled),
        TimedOut(OrderTimedOut),
        Resumed(OrderResumed),
    }
}

/// What other services say of an order: the order's own stream does not know.
const OTHERS: [&str; 4] = ["inventory", "payment", "shipping", "notifications"];

/// What the stream of an order says of it, which is the order section of the read model. Of what
/// other services said it says that it is unknown.
///
/// # Errors
///
/// When an event cannot be read; a person has to look.
pub(crate) fn view(stream: &[Envelope]) -> Result<Value, DecodeError> {
    let mut view = json!({ "isPartial": true });
    for envelope in stream {
        match OrderEvent::from_envelope(envelope)? {
            OrderEvent::Created(order) => {
                view["orderId"] = json!(order.order_id);
                view["status"] = "created".into();
                view["items"] = json!(order.items);
                view["total"] = json!(order.total);
                view["createdAt"] = instant(envelope.timestamp).into();
                view["correlationId"] = json!(envelope.correlation_id);
            }
            OrderEvent::Paid(_) => view["status"] = "paid".into(),
            OrderEvent::Shipped(_) => view["status"] = "shipped".into(),
            OrderEvent::Completed(_) => view["status"] = "completed".into(),
            OrderEvent::Cancelled(cancelled) => {
                view["status"] = "cancelled".into();
                view["cancelReason"] = json!(cancelled.reason);
            }
            OrderEvent::TimedOut(late) => view["awaited"] = json!(late.awaited),
            OrderEvent::Resumed(_) => (),
        }
        view["updatedAt"] = instant(envelope.timestamp).into();
        view["version"] = envelope.sequence_number.into();
    }
    for section in OTHERS {
        view[section] = json!({ "status": "unknown" });
    }
    Ok(view)
}

#[cfg(test)]
mod tests {
    use catalogue::{CATALOGUE, source::ORDER};

    use super::*;

    #[test]
    fn every_event_of_the_order_service_can_be_in_the_stream() {
        let published = CATALOGUE.iter().filter(|entry| entry.source == ORDER);
        let published: Vec<_> = published.map(|entry| entry.event_type).collect();
        assert_eq!(OrderEvent::TYPES, published);
    }
}

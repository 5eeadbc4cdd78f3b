//! An order as its own events tell it, for when the read model does not have it. Pure.

use catalogue::Event;
use event_envelope::{DecodeError, Envelope, FromEnvelope, instant};
use serde_json::{Value, json};

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
        match Event::from_envelope(envelope)? {
            Event::OrderCreated(order) => {
                view["orderId"] = json!(order.order_id);
                view["status"] = "created".into();
                view["items"] = json!(order.items);
                view["total"] = json!(order.total);
                view["createdAt"] = instant(envelope.timestamp).into();
                view["correlationId"] = json!(envelope.correlation_id);
            }
            Event::OrderPaid(_) => view["status"] = "paid".into(),
            Event::OrderShipped(_) => view["status"] = "shipped".into(),
            Event::OrderCompleted(_) => view["status"] = "completed".into(),
            Event::OrderCancelled(cancelled) => {
                view["status"] = "cancelled".into();
                view["cancelReason"] = json!(cancelled.reason);
            }
            Event::OrderTimedOut(late) => view["awaited"] = json!(late.awaited),
            Event::OrderResumed(_)
            | Event::InventoryReserved(_)
            | Event::InventoryReservationFailed(_)
            | Event::InventoryReleased(_)
            | Event::PaymentCompleted(_)
            | Event::PaymentFailed(_)
            | Event::PaymentRefunded(_)
            | Event::PaymentNeedsReview(_)
            | Event::ShipmentCreated(_)
            | Event::ShippingFailed(_)
            | Event::ShippingNeedsReview(_)
            | Event::NotificationSent(_)
            | Event::NotificationFailed(_) => (),
        }
        view["updatedAt"] = instant(envelope.timestamp).into();
        view["version"] = envelope.sequence_number.into();
    }
    for section in OTHERS {
        view[section] = json!({ "status": "unknown" });
    }
    Ok(view)
}

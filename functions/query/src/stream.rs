//! An order as its own events tell it: for when the read model does not have it, or not this
//! version of it. Pure.

use std::collections::{BTreeMap, BTreeSet};

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

/// How another service's part stands, as far as the order's own events tell.
const UNKNOWN: &str = "unknown";
/// Marks what has nothing of other services.
const PARTIAL: &str = "isPartial";

/// What the stream of an order says of it, which is the order section of the read model. Of what
/// other services said it says that it is unknown.
///
/// # Errors
///
/// When an event cannot be read; a person has to look.
pub(crate) fn view(stream: &[Envelope]) -> Result<Value, DecodeError> {
    let mut view = json!({ PARTIAL: true });
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
            OrderEvent::Paid(paid) => {
                view["status"] = "paid".into();
                view["payment"]["paymentId"] = json!(paid.payment_id);
            }
            OrderEvent::Shipped(shipped) => {
                view["status"] = "shipped".into();
                view["shipping"]["carrier"] = json!(shipped.carrier);
                view["shipping"]["trackingNumber"] = json!(shipped.tracking_number);
            }
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
        view[section]["status"] = UNKNOWN.into();
    }
    Ok(view)
}

/// The same, with what the `row` of the read model has of other services, which may be newer than
/// it is of the order itself.
pub(crate) fn over(row: &Value, mut view: Value) -> Value {
    for section in OTHERS {
        let mut whole = row[section].as_object().cloned().unwrap_or_default();
        let own = view[section].as_object().into_iter().flatten();
        let own = own.filter(|(field, value)| *field != "status" || *value != UNKNOWN);
        whole.extend(own.map(|(field, value)| (field.clone(), value.clone())));
        view[section] = whole.into();
    }
    if let Some(members) = view.as_object_mut() {
        members.remove(PARTIAL);
    }
    view
}

/// What differs from one view of an order to a later one: each field as a JSON pointer, with its
/// value before and after. A value that is not there is left out.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<Value> {
    let (before, after) = (fields(before), fields(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differ = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let change = |name: &String| {
        let mut change = json!({ "field": name });
        for (when, fields) in [("before", &before), ("after", &after)] {
            if let Some(value) = fields.get(name) {
                change[when] = value.clone();
            }
        }
        change
    };
    differ.map(change).collect()
}

/// The fields that the order's own events tell.
fn fields(view: &Value) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    for (name, value) in view.as_object().into_iter().flatten() {
        let others = value.as_object().filter(|_| OTHERS.contains(&name.as_str()));
        if let Some(members) = others {
            let known = members.iter().filter(|(_, value)| *value != UNKNOWN);
            fields.extend(known.map(|(part, it)| (format!("/{name}/{part}"), it.clone())));
        } else if name != PARTIAL {
            fields.insert(format!("/{name}"), value.clone());
        }
    }
    fields
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

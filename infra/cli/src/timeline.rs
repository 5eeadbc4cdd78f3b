//! What happened to an order, in the order in which the bus received it.

use std::collections::BTreeMap;

use event_envelope::Envelope;
use invariants::Published;
use local_eventbridge::ArchivedEvent;
use serde_json::Value;

/// Reads an archive: every event once, in the order of its first arrival, and the details that
/// are no events of this system.
pub fn read(archived: Vec<ArchivedEvent>) -> (Vec<Published>, Vec<Value>) {
    let mut positions: BTreeMap<String, usize> = BTreeMap::new();
    let mut published: Vec<Published> = Vec::new();
    let mut foreign = Vec::new();
    for ArchivedEvent { at, mut event } in archived {
        let detail = event["detail"].take();
        let Ok(envelope) = serde_json::from_value::<Envelope>(detail.clone()) else {
            foreign.push(detail);
            continue;
        };
        let id = envelope.event_id.to_string();
        match positions.get(&id).and_then(|position| published.get_mut(*position)) {
            Some(earlier) => earlier.copies += 1,
            None => {
                positions.insert(id, published.len());
                published.push(Published { at, copies: 1, envelope });
            }
        }
    }
    (published, foreign)
}

/// The events of each order, by its id.
pub fn by_order(published: &[Published]) -> BTreeMap<&str, Vec<&Published>> {
    let mut orders: BTreeMap<&str, Vec<&Published>> = BTreeMap::new();
    for event in published {
        orders.entry(event.order_id()).or_default().push(event);
    }
    orders
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn archived(id: &str, seconds: i64) -> ArchivedEvent {
        let detail = json!({
            "eventId": id, "eventType": "OrderPaid", "eventVersion": "2.0",
            "timestamp": "2026-01-01T00:00:00Z", "source": "order-service",
            "correlationId": "corr-1", "aggregateId": "order-1", "sequenceNumber": 2,
            "data": { "orderId": "order-1" },
        });
        let at = datetime!(2026-01-01 00:00 UTC) + time::Duration::seconds(seconds);
        ArchivedEvent { at, event: json!({ "detail": detail }) }
    }

    #[test]
    fn a_copy_is_counted_and_not_shown_again() {
        let foreign = ArchivedEvent { event: json!({ "detail": {} }), ..archived("evt_x", 9) };
        let archive =
            vec![archived("evt_1", 1), archived("evt_2", 2), archived("evt_1", 3), foreign];
        let (published, foreign) = read(archive);
        let seen: Vec<_> =
            published.iter().map(|it| (it.envelope.event_id.as_str(), it.copies)).collect();
        assert_eq!(seen, [("evt_1", 2), ("evt_2", 1)]);
        assert_eq!(foreign.len(), 1);
        assert_eq!(by_order(&published)["order-1"].len(), 2);
    }
}

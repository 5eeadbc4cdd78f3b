use proptest::prelude::*;

use super::*;

const DECODER: Decoder = Decoder::new("orderId");

fn current() -> Value {
    json!({
        "eventId": "evt_1", "eventType": "OrderPaid", "eventVersion": "2.0",
        "timestamp": "2025-11-17T10:30:00Z", "source": "order-service",
        "correlationId": "corr_1", "causationId": "evt_0",
        "aggregateId": "order-1", "sequenceNumber": 2,
        "data": { "orderId": "order-1" }, "metadata": { "depth": 3 }
    })
}

fn on_bus(detail: &Value) -> Value {
    json!({
        "version": "0", "id": "b1", "detail-type": "OrderPaid", "source": "order-service",
        "account": "000000000000", "time": "2025-11-17T10:30:01Z", "region": "us-east-1",
        "resources": [], "detail": detail
    })
}

fn decode(body: &Value) -> Result<Delivery, DecodeError> {
    DECODER.decode(body.to_string().as_bytes())
}

#[track_caller]
fn refuse(body: &Value, reason: &str) {
    let error = decode(body).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
}

#[test]
fn the_three_wrappings_carry_the_same_event() {
    let bare = decode(&current()).unwrap();
    let bus = decode(&on_bus(&current())).unwrap();
    let notification = json!({ "Type": "Notification", "Message": on_bus(&current()).to_string() });
    assert_eq!(bare, bus);
    assert_eq!(bus, decode(&notification).unwrap());
    assert_eq!(bus.envelope.metadata.depth, 3);
}

#[test]
fn a_replayed_event_says_so() {
    let mut event = on_bus(&current());
    event["replay-name"] = "friday".into();
    assert_eq!(decode(&event).unwrap().replay.as_deref(), Some("friday"));
}

#[test]
fn every_field_that_is_missing_is_named() {
    for field in FIELDS.iter().filter(|field| **field != "causationId" && **field != "eventVersion")
    {
        let mut event = current();
        event.as_object_mut().unwrap().remove(*field);
        refuse(&event, field);
    }
    let mut event = current();
    event.as_object_mut().unwrap().remove("eventVersion");
    refuse(&event, "eventVersion");
}

#[test]
fn a_field_that_is_wrong_is_named() {
    for (field, wrong) in [
        ("eventId", json!("")),
        ("eventId", json!("a b")),
        ("aggregateId", json!("x".repeat(65))),
        ("causationId", json!(7)),
        ("sequenceNumber", json!(0)),
        ("sequenceNumber", json!(-1)),
        ("sequenceNumber", json!(1.5)),
        ("eventVersion", json!("two")),
        ("timestamp", json!("yesterday")),
        ("timestamp", json!("2025-11-17T10:30:00")),
    ] {
        let mut event = current();
        event[field] = wrong;
        refuse(&event, field);
    }
}

#[test]
fn an_entry_cannot_pretend_to_be_another_event() {
    let mut event = on_bus(&current());
    event["source"] = "payment-service".into();
    refuse(&event, "source");
    let mut event = on_bus(&current());
    event["detail-type"] = "OrderCancelled".into();
    refuse(&event, "eventType");
}

#[test]
fn bodies_that_are_no_events_are_refused() {
    for (body, reason) in [
        (json!([]), "not a JSON object"),
        (json!({}), "eventId"),
        (json!({ "detail-type": "A", "source": "b", "detail": "text" }), "detail"),
        (json!({ "Type": "Notification", "Message": "not json" }), "body"),
    ] {
        refuse(&body, reason);
    }
    let nested = json!({ "Type": "Notification", "Message": "{}" }).to_string();
    refuse(&json!({ "Type": "Notification", "Message": nested }), "eventId");
}

#[test]
fn the_books_created_event_is_completed() {
    let event = json!({
        "version": "0", "id": "b1", "detail-type": "OrderCreated", "source": "order-service",
        "time": "2025-11-17T10:30:00Z", "detail": {
            "eventId": "evt_12345", "eventType": "OrderCreated", "eventVersion": "1.0",
            "timestamp": "2025-11-17T10:30:00.123456", "source": "order-service",
            "correlationId": "corr_67890",
            "data": { "orderId": "order-123", "total": 99.99 },
            "metadata": { "userId": "user-456", "ipAddress": "1.2.3.4" }
        }
    });
    let envelope = decode(&event).unwrap().envelope;
    assert_eq!(envelope.aggregate_id.as_str(), "order-123");
    assert_eq!(envelope.sequence_number, 1);
    assert_eq!(envelope.metadata.actor.as_deref(), Some("user-456"));
    let text = serde_json::to_string(&envelope).unwrap();
    assert!(text.contains("\"2025-11-17T10:30:00.123456Z\""), "{text}");
    assert!(!text.contains("1.2.3.4"), "no network address goes on");
}

#[test]
fn the_books_flat_event_gets_an_id_that_is_the_same_for_every_copy() {
    let flat = |id: &str| {
        json!({
            "id": id, "detail-type": "PaymentCompleted", "source": "payment-service",
            "time": "2025-11-17T10:30:00Z",
            "detail": {
                "eventType": "PaymentCompleted", "orderId": "order-123",
                "paymentId": "pay_1", "timestamp": "2025-11-17T10:30:00"
            }
        })
    };
    // The producer published again: the bus gave the copy another id.
    let first = decode(&flat("b1")).unwrap().envelope;
    let second = decode(&flat("b2")).unwrap().envelope;
    assert_eq!(first, second);
    assert_eq!(first.data, json!({ "orderId": "order-123", "paymentId": "pay_1" }));
    assert_eq!(first.event_version, Version::new(1, 0));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(DECODER.decode::<()>(&body));
    }

    #[test]
    fn no_field_makes_it_panic(field in prop::sample::select(FIELDS), text in "\\PC{0,80}") {
        let mut event = current();
        event[field] = text.into();
        drop(decode(&event));
        drop(decode(&on_bus(&event)));
    }
}

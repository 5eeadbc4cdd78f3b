use serde_json::json;

use super::*;
use crate::Version;

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
fn a_replayed_event_is_recognized() {
    let mut event = on_bus(&current());
    event["replay-name"] = "friday".into();
    assert_eq!(decode(&event).unwrap().replay.as_deref(), Some("friday"));
    event["replay-name"] = Value::Null;
    assert_eq!(decode(&event).unwrap().replay, None);
    event["replay-name"] = json!(["friday"]);
    refuse(&event, "replay-name: not a string");
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
        (json!({ "Records": [{ "body": "{}" }] }), "Records: a whole batch"),
        (json!({ "detail-type": "A", "detail": {} }), "source: missing"),
        (json!({ "Type": "Notification" }), "Message: missing"),
        (json!({ "Type": "Notification", "Message": "[]" }), "Message: not a JSON object"),
        (json!({ "Type": "Notification", "Message": "not json" }), "Message: expected"),
    ] {
        refuse(&body, reason);
    }
    let nested = json!({ "Type": "Notification", "Message": "{}" }).to_string();
    let nested = json!({ "Type": "Notification", "Message": nested });
    refuse(&nested, "Message: a notification inside a notification");
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
    assert_eq!(first.event_id.as_str(), "evt_4d999dd1da73d6880e7bb3a9f57b2656");
}

#[test]
fn an_event_of_version_1_is_completed_once() {
    let old = json!({
        "eventType": "OrderCreated", "eventVersion": "1.0", "source": "order-service",
        "timestamp": "2025-11-17T10:30:00", "data": { "orderId": "order-123" },
        "metadata": { "userId": "user-456" }
    });
    let mut completed = decode(&old).unwrap().envelope;
    completed.metadata.depth = 3;
    assert_eq!(completed.metadata.actor.as_deref(), Some("user-456"));
    assert_eq!(decode(&json!(completed)).unwrap().envelope, completed);
}

#[test]
fn who_publishes_whole_envelopes_gets_version_1_as_it_is() {
    let mut event = current();
    event["eventVersion"] = "1.0".into();
    let text = event.to_string();
    let envelope = Decoder::current().decode::<()>(text.as_bytes()).unwrap().envelope;
    assert_eq!(json!(envelope), event);

    event.as_object_mut().unwrap().remove("correlationId");
    let error = Decoder::current().decode::<()>(event.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "correlationId: missing");
}

#[test]
fn no_wrapping_makes_an_event_too_deep() {
    for (levels, is_read) in [(31, true), (32, false), (33, false)] {
        let mut event = current();
        event["data"] = (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
        let bus = on_bus(&event);
        let notification = json!({ "Type": "Notification", "Message": bus.to_string() });
        for body in [event, bus, notification] {
            assert_eq!(decode(&body).is_ok(), is_read, "{levels} levels: {body}");
        }
    }
}

#[test]
fn other_limits_can_be_set() {
    let limits = Limits { bytes_max: 1000, depth_max: 2, length_max: 11 };
    let read = |event: &Value| {
        let decoded = DECODER.with_limits(limits).decode::<()>(event.to_string().as_bytes());
        decoded.map_err(|error| error.to_string())
    };
    let mut event = current();
    read(&event).unwrap();
    event["data"]["more"] = json!([]);
    assert_eq!(read(&event).unwrap_err(), "data: more than 1 levels deep");
    event["data"] = json!({ "list": vec![1; 12] });
    assert!(read(&event).unwrap_err().contains("more than 11 elements"));
    event["data"] = json!("x".repeat(1000));
    assert!(read(&event).unwrap_err().contains("limit of 1000"));
}

#[test]
fn who_takes_only_what_event_bridge_delivers_takes_no_other_form() {
    let strict = DECODER.event_bridge_only();
    let decode = |body: &Value| strict.decode::<()>(body.to_string().as_bytes());
    let wrapped = on_bus(&current());
    assert_eq!(decode(&wrapped).unwrap(), DECODER.decode(wrapped.to_string().as_bytes()).unwrap());
    let notification =
        |body: &Value| json!({ "Type": "Notification", "Message": body.to_string() });
    let flat = json!({ "orderId": "order-1", "eventType": "OrderPaid", "paid": true });
    for (body, reason) in [
        (current(), "detail-type: missing: not from EventBridge"),
        (flat, "detail-type: missing: not from EventBridge"),
        (notification(&wrapped), "Type: a notification of SNS: not from EventBridge"),
        (notification(&current()), "Type: a notification of SNS: not from EventBridge"),
    ] {
        assert_eq!(decode(&body).unwrap_err().to_string(), reason);
    }
}

#[test]
fn a_check_of_live_events_looks_at_no_replay() {
    let unpaid = |envelope: &Envelope| match envelope.event_type.as_str() {
        "OrderPaid" => Err(DecodeError::field("data", "paid in vain")),
        _ => Ok(()),
    };
    let checking = DECODER.check_live(unpaid);
    let decode = |body: &Value| checking.decode::<()>(body.to_string().as_bytes());
    let mut event = on_bus(&current());
    assert_eq!(decode(&event).unwrap_err().to_string(), "data: paid in vain");
    event["replay-name"] = "friday".into();
    decode(&event).unwrap();
}

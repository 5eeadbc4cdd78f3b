//! What arrives, old and new, becomes an event of the catalogue or a clear refusal.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use catalogue::{
    CATALOGUE, DECODER, Event, LIVE, LineItem, Money, OrderCreated, PaymentCompleted, SOURCES,
};
use event_envelope::{AggregateId, CorrelationId, Delivery};
use serde_json::{Value, json};
use time::macros::datetime;

fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

fn book_order() -> Value {
    json!({
        "version": "0", "id": "b1", "detail-type": "OrderCreated", "source": "order-service",
        "time": "2025-11-17T10:30:00Z", "detail": {
            "eventId": "evt_12345", "eventType": "OrderCreated", "eventVersion": "1.0",
            "timestamp": "2025-11-17T10:30:00.5", "source": "order-service",
            "correlationId": "corr_67890",
            "data": {
                "orderId": "order-123", "userId": "user-123",
                "items": [
                    { "productId": "prod-001", "quantity": 2, "price": 29.99 },
                    { "productId": "prod-002", "quantity": 1, "price": 49.99 }
                ],
                "total": 109.97
            }
        }
    })
}

fn created() -> OrderCreated {
    let item = |product: &str, quantity, cents| LineItem {
        product_id: id(product),
        quantity,
        unit_price: Money::usd(cents),
    };
    OrderCreated {
        order_id: id("order-123"),
        user_id: id("user-123"),
        items: vec![item("prod-001", 2, 2999), item("prod-002", 1, 4999)],
        total: Money::usd(10_997),
        payment_method_id: None,
        delivery_address_id: None,
    }
}

fn decode(body: &Value) -> Result<Delivery<Event>, String> {
    DECODER.decode(body.to_string().as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn the_books_order_is_read_to_the_cent() {
    assert_eq!(decode(&book_order()).unwrap().event, Event::OrderCreated(created()));
}

#[test]
fn the_books_flat_answer_is_read() {
    let answer = json!({
        "detail-type": "PaymentCompleted", "source": "payment-service",
        "time": "2025-11-17T10:30:02Z", "detail": {
            "eventType": "PaymentCompleted", "orderId": "order-123", "paymentId": "pay_1a2b3c4d",
            "timestamp": "2025-11-17T10:30:02.123456"
        }
    });
    let expected = PaymentCompleted {
        order_id: id("order-123"),
        payment_id: "pay_1a2b3c4d".into(),
        amount: None,
    };
    assert_eq!(decode(&answer).unwrap().event, expected.into());
}

#[test]
fn what_is_published_now_is_read_back() {
    let event = Event::from(created());
    let envelope = event
        .draft(id("order-123"), 1, datetime!(2026-01-01 0:00 UTC))
        .root(CorrelationId::of("order-123"), None);
    let text = envelope.to_json().unwrap();
    let delivery: Delivery<Event> = DECODER.decode(text.as_bytes()).unwrap();
    assert_eq!(delivery.event, event);
    assert_eq!(delivery.envelope, envelope);
}

#[track_caller]
fn refuse(change: impl Fn(&mut Value), reason: &str) {
    let mut event = book_order();
    change(&mut event["detail"]);
    let error = decode(&event).unwrap_err();
    assert!(error.contains(reason), "{error}");
}

#[test]
fn a_wrong_field_is_named() {
    refuse(|it| it["data"]["total"] = json!("109.97"), "data.total");
    refuse(|it| it["data"]["total"] = json!(109.971), "109.971 is not an amount");
    refuse(|it| it["data"]["items"] = json!(7), "data.items");
    refuse(|it| it["data"]["items"][1]["price"] = Value::Null, "data.items[1].price");
    refuse(|it| it["data"]["items"][0]["quantity"] = json!(-2), "data");
    refuse(|it| it["data"]["items"][0]["quantity"] = json!(1.5), "data");
    refuse(|it| it["data"]["orderId"] = json!("../x"), "aggregateId");
    refuse(|it| it["data"] = json!([]), "data");
}

#[test]
fn a_newer_major_version_is_not_guessed_at() {
    let event = Event::from(created());
    let envelope = event
        .draft(id("order-123"), 1, datetime!(2026-01-01 0:00 UTC))
        .root(CorrelationId::of("order-123"), None);
    let mut newer = serde_json::to_value(&envelope).unwrap();
    newer["eventVersion"] = "3.0".into();
    assert!(decode(&newer).unwrap_err().contains("newer than the 2.0 known here"));
    // A newer minor version only adds.
    newer["eventVersion"] = "2.7".into();
    newer["data"]["giftWrap"] = true.into();
    assert_eq!(decode(&newer).unwrap().event, event);
}

#[test]
fn no_service_publishes_in_the_name_of_another() {
    let mut forged = book_order();
    forged["source"] = "payment-service".into();
    forged["detail"]["source"] = "payment-service".into();
    assert!(decode(&forged).unwrap_err().contains("only order-service publishes this"));
}

#[test]
fn unknown_types_are_distinguished() {
    let mut unknown = book_order();
    unknown["detail-type"] = "OrderTeleported".into();
    unknown["detail"]["eventType"] = "OrderTeleported".into();
    assert!(decode(&unknown).unwrap_err().contains("\"OrderTeleported\" is unknown"));
}

#[test]
fn every_type_has_a_known_source() {
    assert_eq!(CATALOGUE.len(), 19);
    assert!(CATALOGUE.iter().all(|entry| SOURCES.contains(&entry.source)));
}

/// A payment as the bus delivers it, whose envelope is `detail`.
fn payment(version: &str, amount: Option<Value>) -> Value {
    let mut data = json!({ "orderId": "order-7", "paymentId": "pi_7" });
    if let Some(amount) = amount {
        data["amount"] = amount;
    }
    json!({
        "detail-type": "PaymentCompleted", "source": "payment-service",
        "time": "2026-03-01T08:00:00Z", "detail": {
            "eventId": "evt_7", "eventType": "PaymentCompleted", "eventVersion": version,
            "timestamp": "2026-03-01T08:00:00Z", "source": "payment-service",
            "correlationId": "corr_7", "aggregateId": "order-7", "sequenceNumber": 1,
            "data": data, "metadata": { "depth": 1 }
        }
    })
}

#[test]
fn a_live_payment_has_its_amount_in_a_version_that_is_published() {
    let live = |body: &Value| {
        let delivery = LIVE.decode::<Event>(body.to_string().as_bytes());
        delivery.map_err(|error| error.to_string())
    };
    let amount = json!({ "amount": 700, "currency": "EUR" });
    live(&payment("2.0", Some(amount.clone()))).unwrap();
    let retired = "PaymentCompleted 1.0 is not published any more: the oldest is 2.0";
    let silent = "data.amount: missing: add the captured amount";
    let flat = json!({
        "detail-type": "PaymentCompleted", "source": "payment-service",
        "time": "2026-03-01T08:00:00Z", "detail": { "orderId": "order-7", "paymentId": "pi_7" }
    });
    for (mut event, reason) in [
        (payment("2.0", None), silent),
        (payment("2.0", Some(Value::Null)), silent),
        (payment("2.7", None), silent),
        (payment("1.0", None), retired),
        (payment("1.0", Some(amount)), retired),
        (flat, retired),
    ] {
        assert_eq!(live(&event).unwrap_err(), reason);
        // A replay is read all the same: a consumer that refuses replays acknowledges it.
        event["replay-name"] = "friday".into();
        assert_eq!(live(&event).unwrap().replay.as_deref(), Some("friday"));
    }
}

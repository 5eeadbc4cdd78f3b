use aws_lambda_events::streams::DynamoDbEventResponse;
use event_envelope::Envelope;
use outbox::{Unreadable, envelopes_of, relay};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Bus, EAGER, batch, envelope, envelopes, publisher, record, saying};

fn read(record: &Value) -> Result<Vec<Envelope>, Unreadable> {
    envelopes_of(&batch(std::slice::from_ref(record)).records[0])
}

/// An item of an event store.
fn stored(event: &Envelope) -> Value {
    let mut item: Value =
        json!(serde_dynamo::to_attribute_value::<_, serde_dynamo::AttributeValue>(event).unwrap())
            ["M"]
            .take();
    item["PK"] = json!({ "S": "ORDER#order-123" });
    item["SK"] = json!({ "S": format!("EVENT#{:020}", event.sequence_number) });
    item
}

fn failed(response: &DynamoDbEventResponse) -> Vec<Option<&str>> {
    response.batch_item_failures.iter().map(|it| it.item_identifier.as_deref()).collect()
}

#[test]
fn an_event_item_and_outgoing_events_are_read_as_they_were() {
    let data = json!({
        "orderId": "order-123",
        "total": { "amount": 10_997, "currency": "USD" },
        "least": i64::MIN, "most": u64::MAX, "ratio": 0.1, "none": null, "flags": [true, false, ""],
    });
    let event = envelope(1, data);
    assert_eq!(read(&record("1", &stored(&event))).unwrap(), std::slice::from_ref(&event));
    let said = [event, envelope(2, json!({}))];
    assert_eq!(read(&saying("1", &said)).unwrap(), said);
}

#[test]
fn an_item_that_hosts_outgoing_events_says_them_whenever_it_is_written() {
    let said = envelopes(2);
    let mut changed = saying("1", &said);
    changed["eventName"] = "MODIFY".into();
    assert_eq!(read(&changed).unwrap(), said);
}

#[test]
fn other_items_changes_of_an_event_and_deletions_say_nothing() {
    let mut removed = record("1", &stored(&envelope(1, json!({}))));
    removed["eventName"] = "REMOVE".into();
    // The store's owner has noted something on the event; it was said when it was stored.
    let mut noted = stored(&envelope(1, json!({})));
    noted["lookAt"] = json!({ "S": "2025-11-17T10:45:00.000Z" });
    let mut remarked = record("1", &noted);
    remarked["eventName"] = "MODIFY".into();
    // Nor is it news that it cannot be read any more.
    let mut blanked = remarked.clone();
    blanked["dynamodb"]["NewImage"]["eventId"] = json!({ "S": "" });
    let snapshot = json!({ "PK": { "S": "ORDER#order-123" }, "SK": { "S": "SNAPSHOT" } });
    let stock = json!({ "productId": { "S": "prod-001" }, "SK": { "S": "EVENT#1" } });
    let changes = [removed, remarked, blanked];
    let others = [record("1", &snapshot), record("1", &stock), saying("1", &[])];
    for silent in changes.into_iter().chain(others) {
        assert_eq!(read(&silent).unwrap(), []);
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let outgoing = |value: Value| record("1", &json!({ "outgoing": value }));
    let mut blank = stored(&envelope(1, json!({})));
    blank["eventId"] = json!({ "S": "" });
    let mut rounded = saying("1", &envelopes(2));
    rounded["dynamodb"]["NewImage"]["outgoing"]["L"][1]["M"]["data"]["M"]["count"] =
        json!({ "N": "123456789012345678901234567890" });
    for (record, reason) in [
        (record("1", &json!({})), "NEW_IMAGE"),
        (outgoing(json!({ "S": "[]" })), "not a list"),
        (outgoing(json!({ "L": [{ "M": {} }] })), "outgoing[0]"),
        (record("1", &blank), "the item is not an event"),
        (rounded, "outgoing[1] has the number 123456789012345678901234567890"),
    ] {
        let error = read(&record).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn what_the_bus_accepts_is_acknowledged() {
    let bus = Bus::judging(|_, _| None);
    let records = [saying("1", &envelopes(2)), record("2", &stored(&envelope(3, json!({}))))];
    let response = relay(batch(&records), &publisher(bus.clone(), EAGER)).await;
    assert!(failed(&response).is_empty());
    assert_eq!(bus.calls(), [3]);
    assert_eq!(json!(response), json!({ "batchItemFailures": [] }));
}

#[tokio::test]
async fn the_first_record_that_is_not_published_is_reported() {
    let bus = Bus::judging(|_, entry| {
        let is_refused = entry["Detail"].as_str().unwrap().contains("refuse");
        is_refused.then_some("MalformedDetail")
    });
    let said =
        |number: u64, data: &str| saying(&number.to_string(), &[envelope(number, data.into())]);
    let records =
        [said(1, "take"), said(2, "take"), said(3, "refuse"), said(4, "take"), said(5, "refuse")];
    let response = relay(batch(&records), &publisher(bus.clone(), EAGER)).await;
    assert_eq!(failed(&response), [Some("3")]);
    // Record 4 might not come again.
    let event = envelope(4, json!({}));
    assert_eq!(bus.accepted(event.event_id.as_str()).len(), 1);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_reported_and_holds_up_nobody() {
    let bus = Bus::judging(|_, _| None);
    let unreadable = record("2", &json!({ "outgoing": { "S": "nothing" } }));
    let records = [saying("1", &envelopes(1)), unreadable, saying("3", &[envelope(2, json!({}))])];
    let response = relay(batch(&records), &publisher(bus.clone(), EAGER)).await;
    assert_eq!(failed(&response), [Some("2")]);
    assert_eq!(bus.calls(), [2]);
}

#[tokio::test]
async fn without_a_sequence_number_the_whole_batch_comes_again() {
    let bus = Bus::judging(|_, _| Some("MalformedDetail"));
    let mut nameless = saying("1", &envelopes(1));
    nameless["dynamodb"]["SequenceNumber"].take();
    let response = relay(batch(&[nameless]), &publisher(bus, EAGER)).await;
    assert_eq!(json!(response), json!({ "batchItemFailures": [{ "itemIdentifier": null }] }));
}

#[tokio::test]
async fn an_item_that_changes_twice_says_everything_once() {
    let bus = Bus::judging(|call, _| (call == 0).then_some("MalformedDetail"));
    let publisher = publisher(bus.clone(), EAGER);
    let records = [saying("1", &envelopes(1)), saying("2", &envelopes(3))];
    let response = relay(batch(&records), &publisher).await;
    assert_eq!(bus.calls(), [3]);
    assert_eq!(failed(&response), [Some("1")], "the first record it stands in");
    assert!(failed(&relay(batch(&records), &publisher).await).is_empty());
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_changes_between_table_and_bus(data in json_value()) {
        let event = envelope(1, data);
        prop_assert_eq!(read(&saying("1", std::slice::from_ref(&event))).unwrap(), [event.clone()]);
        prop_assert_eq!(read(&record("1", &stored(&event))).unwrap(), [event]);
    }
}

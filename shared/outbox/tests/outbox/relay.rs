use std::sync::Arc;

use aws_lambda_events::streams::DynamoDbEventResponse;
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use event_envelope::{EVENT_BYTES_MAX, Envelope, pack};
use outbox::{Place, Sources, Unreadable, envelopes_of, stored_events};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Bus, batch, dead, dead_attribute, envelope, envelopes, open_dead_letters, publishing, record,
    relay_to,
};

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
    let published = [event, envelope(2, json!({}))];
    assert_eq!(read(&publishing("1", &published)).unwrap(), published);
}

#[test]
fn an_item_with_outgoing_events_publishes_them_whenever_it_is_written() {
    let published = envelopes(2);
    let mut changed = publishing("1", &published);
    changed["eventName"] = "MODIFY".into();
    assert_eq!(read(&changed).unwrap(), published);
}

#[test]
fn other_items_changes_of_an_event_and_deletions_publish_nothing() {
    let mut removed = record("1", &stored(&envelope(1, json!({}))));
    removed["eventName"] = "REMOVE".into();
    // The due entry on the event was changed; it was published when it was stored.
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
    let others = [record("1", &snapshot), record("1", &stock), publishing("1", &[])];
    for silent in changes.into_iter().chain(others) {
        assert_eq!(read(&silent).unwrap(), []);
    }
}

/// Packed events, as an attribute in the stream's JSON.
fn packed(events: &[Envelope]) -> Value {
    json!({ "B": BASE64.encode(pack(events)) })
}

fn outbox(events: &[Envelope], added: Value) -> Value {
    json!({ "orderId": { "S": "order-123" }, "outbox": packed(events), "outboxAdded": added })
}

#[test]
fn an_item_that_keeps_every_event_publishes_those_that_a_write_added() {
    let events = envelopes(3);
    for (added, expected) in [("1", &events[2..]), ("3", &events[..]), ("0", &[])] {
        let mut changed = record("1", &outbox(&events, json!({ "N": added })));
        assert_eq!(read(&changed).unwrap(), expected, "{added}");
        changed["eventName"] = "MODIFY".into();
        assert_eq!(read(&changed).unwrap(), expected, "{added}");
    }
    // A write that added none.
    assert_eq!(read(&record("1", &json!({ "outbox": packed(&events) }))).unwrap(), []);
}

#[test]
fn an_item_shows_every_event_that_it_still_holds() {
    let events = envelopes(3);
    let list = |events: &[Envelope]| -> serde_dynamo::AttributeValue {
        serde_dynamo::to_attribute_value(events).unwrap()
    };
    let item = |item: Value| -> serde_dynamo::Item { serde_json::from_value(item).unwrap() };
    let silent = json!({ "orderId": { "S": "order-123" } });
    for (stored_item, expected) in [
        (json!({ "earlier": list(&events[..2]), "outgoing": list(&events[2..]) }), &events[..]),
        (json!({ "earlier": list(&events) }), &events[..]),
        (json!({ "outgoing": list(&events[..1]) }), &events[..1]),
        (outbox(&events, json!({ "N": "1" })), &events[..]),
        (json!({ "earlier": list(&events[..1]), "outbox": packed(&events[1..]) }), &events[..]),
        (stored(&events[0]), &events[..1]),
        (silent, &[]),
    ] {
        assert_eq!(stored_events(&item(stored_item)).unwrap(), expected);
    }
    // A stream carries only what is new.
    let both = json!({ "earlier": list(&events[..2]), "outgoing": list(&events[2..]) });
    assert_eq!(read(&record("1", &both)).unwrap(), events[2..]);
    let error = stored_events(&item(json!({ "earlier": { "S": "" } }))).unwrap_err();
    assert_eq!(error.to_string(), "earlier is not a list");
}

#[test]
fn what_cannot_be_read_is_named() {
    let outgoing = |value: Value| record("1", &json!({ "outgoing": value }));
    let mut blank = stored(&envelope(1, json!({})));
    blank["eventId"] = json!({ "S": "" });
    let mut rounded = publishing("1", &envelopes(2));
    rounded["dynamodb"]["NewImage"]["outgoing"]["L"][1]["M"]["data"]["M"]["count"] =
        json!({ "N": "123456789012345678901234567890" });
    for (record, reason) in [
        (record("1", &json!({})), "NEW_IMAGE"),
        (outgoing(json!({ "S": "[]" })), "not a list"),
        (record("1", &outbox(&envelopes(2), json!({ "N": "3" }))), "outboxAdded is not the number"),
        (record("1", &outbox(&envelopes(2), json!({ "N": "-1" }))), "outboxAdded is not"),
        (record("1", &outbox(&envelopes(2), json!({ "S": "1" }))), "outboxAdded is not"),
        (record("1", &json!({ "outboxAdded": { "N": "1" } })), "outboxAdded is not"),
        (record("1", &json!({ "outbox": { "S": "" }, "outboxAdded": { "N": "1" } })), "not bytes"),
        (
            record("1", &json!({ "outbox": { "B": "AAAA" }, "outboxAdded": { "N": "1" } })),
            "unpacked",
        ),
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
    let (relay, _) = relay_to(bus.clone(), Sources::any());
    let records = [publishing("1", &envelopes(2)), record("2", &stored(&envelope(3, json!({}))))];
    let response = relay.relay(batch(&records)).await;
    assert!(failed(&response).is_empty());
    assert_eq!(bus.calls(), [3]);
    assert_eq!(json!(response), json!({ "batchItemFailures": [] }));
}

fn record_of(number: u64, data: &str) -> Value {
    publishing(&number.to_string(), &[envelope(number, data.into())])
}

/// A bus that refuses events with `refuse` for good, and throttles those with `later`.
fn choosy() -> Arc<Bus> {
    Bus::judging(|_, entry| {
        let detail = entry["Detail"].as_str().unwrap();
        let code = |word, code| detail.contains(word).then_some(code);
        code("refuse", "MalformedDetail").or(code("later", "ThrottlingException"))
    })
}

fn accepted(bus: &Bus, number: u64) -> usize {
    bus.accepted(envelope(number, json!({})).event_id.as_str()).len()
}

#[tokio::test]
async fn the_first_record_that_is_not_yet_published_is_reported() {
    let bus = choosy();
    let (relay, _) = relay_to(bus.clone(), Sources::any());
    let records =
        [record_of(1, "take"), record_of(2, "take"), record_of(3, "later"), record_of(4, "take")];
    let response = relay.relay(batch(&records)).await;
    assert_eq!(failed(&response), [Some("3")]);
    // Record 4 might not come again.
    assert_eq!(accepted(&bus, 4), 1);
}

#[tokio::test]
async fn one_record_of_a_hundred_that_can_never_be_published_blocks_no_other() {
    let unreadable = |number: &str| record(number, &json!({ "outgoing": { "S": "nothing" } }));
    let huge = |number: u64| record_of(number, &"x".repeat(EVENT_BYTES_MAX));
    let refused = |number: u64| record_of(number, "refuse");
    let imageless = |number: &str| record(number, &json!({}));
    let bad = [unreadable("50"), huge(50), refused(50), imageless("50")];
    let reasons = ["outgoing is not a list", "the limit is", "MalformedDetail", "NEW_IMAGE"];
    for (bad, reason) in bad.into_iter().zip(reasons) {
        let bus = choosy();
        let (relay, sqs) = relay_to(bus.clone(), Sources::any());
        open_dead_letters(&sqs);
        let mut records: Vec<Value> = (1..=100).map(|number| record_of(number, "take")).collect();
        records[49] = bad.clone();
        let response = relay.relay(batch(&records)).await;
        assert!(failed(&response).is_empty(), "{reason}");
        let published = (1..=100).filter(|number| accepted(&bus, *number) == 1).count();
        assert_eq!(published, 99, "{reason}");

        let [letter] = &dead(&sqs)[..] else { panic!("{reason}: not one letter") };
        assert_eq!(letter["table"], "orderly-payments");
        assert!(letter["reasons"][0].as_str().unwrap().contains(reason), "{letter}");
        assert_eq!(letter["key"], bad["dynamodb"]["Keys"]);
        assert_eq!(letter["record"]["dynamodb"]["NewImage"], bad["dynamodb"]["NewImage"]);
        assert_eq!(letter["record"]["dynamodb"]["SequenceNumber"], "50");
        assert!(dead_attribute(&sqs, "reason").contains(reason));
    }
}

#[tokio::test]
async fn the_other_events_of_a_record_are_published() {
    let bus = choosy();
    let (relay, sqs) = relay_to(bus.clone(), Sources::any());
    open_dead_letters(&sqs);
    let both = publishing("1", &[envelope(1, "refuse".into()), envelope(2, "take".into())]);
    assert!(failed(&relay.relay(batch(&[both])).await).is_empty());
    assert_eq!((accepted(&bus, 1), accepted(&bus, 2)), (0, 1));
    assert_eq!(dead(&sqs).len(), 1);
}

#[tokio::test]
async fn what_the_dead_letter_queue_does_not_take_comes_again() {
    let bus = choosy();
    let (relay, sqs) = relay_to(bus.clone(), Sources::any());
    let records = [
        record_of(1, "take"),
        record_of(2, "refuse"),
        record_of(3, "take"),
        record_of(4, "refuse"),
    ];
    let response = relay.relay(batch(&records)).await;
    assert_eq!(failed(&response), [Some("2")]);
    assert_eq!(accepted(&bus, 3), 1);

    open_dead_letters(&sqs);
    assert!(failed(&relay.relay(batch(&records[1..])).await).is_empty());
    assert_eq!(dead(&sqs).len(), 2);
}

/// It comes again with the record before it, and would be sent each time.
#[tokio::test]
async fn a_dead_letter_behind_a_record_that_comes_again_waits_for_it() {
    let bus = choosy();
    let (relay, sqs) = relay_to(bus.clone(), Sources::any());
    open_dead_letters(&sqs);
    let records = [record_of(1, "refuse"), record_of(2, "later"), record_of(3, "refuse")];
    let response = relay.relay(batch(&records)).await;
    assert_eq!(failed(&response), [Some("2")]);
    let [letter] = &dead(&sqs)[..] else { panic!("not one letter") };
    assert_eq!(letter["record"]["dynamodb"]["SequenceNumber"], "1");
}

#[tokio::test]
async fn a_record_too_large_for_a_message_is_named_by_its_key() {
    let bus = Bus::judging(|_, _| None);
    let (relay, sqs) = relay_to(bus, Sources::any());
    open_dead_letters(&sqs);
    let text = "\u{ffff}\u{1}".repeat(200_000);
    let mut large = record("1", &json!({ "outgoing": { "S": text } }));
    large["dynamodb"]["Keys"] = json!({ "orderId": { "S": "order-\u{fffe}" } });
    assert!(failed(&relay.relay(batch(&[large])).await).is_empty());
    let [letter] = &dead(&sqs)[..] else { panic!("not one letter") };
    assert!(letter["record"].is_null());
    assert_eq!(letter["key"], json!({ "orderId": { "S": "order-\u{fffe}" } }));
}

#[tokio::test]
async fn a_source_speaks_only_from_its_own_table_and_under_its_own_prefix() {
    let sources = |rules: &str| rules.parse::<Sources>().unwrap();
    let table = "orderly-payments";
    for (rules, is_allowed) in [
        (json!({ table: ["order-service"] }), true),
        (json!({ table: ["payment-service", "order-service"] }), true),
        (json!({ table: { "inventory#": ["order-service"] } }), true),
        (json!({ table: { "analytics#": ["order-service"], "i": ["other"] } }), false),
        (json!({ table: ["payment-service"] }), false),
        (json!({ "orderly-orders": ["order-service"] }), false),
        (json!({}), false),
    ] {
        let bus = Bus::judging(|_, _| None);
        let (relay, sqs) = relay_to(bus.clone(), sources(&rules.to_string()));
        open_dead_letters(&sqs);
        let mut record = publishing("1", &envelopes(1));
        record["dynamodb"]["Keys"] = json!({ "id": { "S": "inventory#evt_1" } });
        assert!(failed(&relay.relay(batch(&[record.clone()])).await).is_empty());
        assert_eq!(bus.calls().len(), usize::from(is_allowed), "{rules}");
        assert_eq!(dead(&sqs).len(), usize::from(!is_allowed), "{rules}");

        // Nor from an unknown stream, and no prefix holds for two keys.
        record.as_object_mut().unwrap().remove("eventSourceARN");
        assert!(failed(&relay.relay(batch(&[record])).await).is_empty());
        assert_eq!(bus.calls().len(), usize::from(is_allowed), "{rules}");
    }
    let sources = Sources::none().allow_under(table, "a#", "order-service");
    for (key, is_allowed) in [
        (json!({ "id": { "S": "a#1" } }), true),
        (json!({ "id": { "S": "a" } }), false),
        (json!({ "id": { "B": "YSMx" } }), false),
        (json!({ "PK": { "S": "a#1" }, "SK": { "S": "a#1" } }), false),
        (json!({}), false),
    ] {
        let item = serde_json::from_value(key.clone()).unwrap();
        let checked = sources.check(Place { table: Some(table), key: &item }, "order-service");
        assert_eq!(checked.is_ok(), is_allowed, "{key}");
    }
}

#[test]
fn sources_that_are_none_are_named() {
    for (text, named) in [
        ("", "not JSON"),
        ("[]", "not an object"),
        (r#"{"t": "s"}"#, "t has no list"),
        (r#"{"t": []}"#, "t has no list"),
        (r#"{"t": [1]}"#, "t has no list"),
        (r#"{"t": [""]}"#, "t has an empty"),
        (r#"{"": ["s"]}"#, "empty"),
        (r#"{"t": {"": ["s"]}}"#, "empty"),
        (r#"{"t": {"p#": "s"}}"#, "t, p# has no list"),
    ] {
        let error = text.parse::<Sources>().unwrap_err().to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
}

#[tokio::test]
async fn without_a_sequence_number_the_whole_batch_comes_again() {
    let bus = Bus::judging(|_, _| Some("ThrottlingException"));
    let mut nameless = publishing("1", &envelopes(1));
    nameless["dynamodb"]["SequenceNumber"].take();
    let response = relay_to(bus, Sources::any()).0.relay(batch(&[nameless])).await;
    assert_eq!(json!(response), json!({ "batchItemFailures": [{ "itemIdentifier": null }] }));
}

#[tokio::test]
async fn an_item_that_changes_twice_publishes_everything_once() {
    let bus = Bus::judging(|call, _| (call < 4).then_some("ThrottlingException"));
    let (relay, _) = relay_to(bus.clone(), Sources::any());
    let records = [publishing("1", &envelopes(1)), publishing("2", &envelopes(3))];
    let response = relay.relay(batch(&records)).await;
    assert_eq!(bus.calls(), [3, 3, 3, 3]);
    assert_eq!(failed(&response), [Some("1")], "the first record it stands in");
    assert!(failed(&relay.relay(batch(&records)).await).is_empty());
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
        prop_assert_eq!(read(&publishing("1", std::slice::from_ref(&event))).unwrap(), [event.clone()]);
        prop_assert_eq!(read(&record("1", &stored(&event))).unwrap(), [event]);
    }
}

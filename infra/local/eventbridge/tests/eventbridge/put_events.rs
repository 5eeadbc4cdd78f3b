//! Which entries and requests are accepted.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{Targets, bus, call, entry, put, quick, refused, settled};

fn with(name: &str, value: Value) -> Value {
    let mut entry = entry(0);
    entry[name] = value;
    entry
}

#[tokio::test]
async fn each_entry_is_judged_alone() {
    let targets = Targets::accepting();
    let bus = bus(&targets, quick());
    for (entry, code, says) in [
        (with("Source", json!(null)), "InvalidArgument", "Source is a required argument."),
        (with("Source", json!("")), "InvalidArgument", "Source is a required argument."),
        (with("DetailType", json!(null)), "InvalidArgument", "DetailType is a required argument."),
        (with("DetailType", json!("x".repeat(129))), "InvalidArgument", "128 characters"),
        (with("Detail", json!(null)), "InvalidArgument", "Detail is a required argument."),
        (with("Detail", json!("[1]")), "MalformedDetail", "Detail is malformed."),
        (with("Detail", json!("\"text\"")), "MalformedDetail", "Detail is malformed."),
        (with("Detail", json!("{\"a\":")), "MalformedDetail", "Detail is malformed."),
        (with("Detail", json!("{} {}")), "MalformedDetail", "Detail is malformed."),
        (with("Source", json!("aws.s3")), "NotAuthorizedForSourceException", "Not authorized"),
        (with("Time", json!(1e15)), "InvalidArgument", "Time is out of range"),
    ] {
        let entries = json!([crate::world::entry(1), entry, crate::world::entry(2)]);
        let response = call(&bus, "PutEvents", json!({ "Entries": entries })).await.unwrap();
        let [first, second, third] = response["Entries"].as_array().unwrap().as_slice() else {
            panic!("three results: {response}");
        };
        assert_eq!(response["FailedEntryCount"], 1, "{response}");
        assert_eq!(second["ErrorCode"], code, "{entry}");
        assert!(second["ErrorMessage"].as_str().unwrap().contains(says), "{second}");
        assert!(first["EventId"].is_string() && third["EventId"].is_string(), "{response}");
    }
    settled(&bus).await;
    assert_eq!(bus.stats().put, 22);
    assert_eq!(bus.archived().len(), 22);
}

#[tokio::test]
async fn entries_at_their_limits_are_accepted() {
    let bus = bus(&Targets::accepting(), quick());
    for entry in [
        with("DetailType", json!("x".repeat(128))),
        with("Source", json!("aws")),
        with("Detail", json!(" {} ")),
        with("Time", json!(1_795_435_200.5)),
        with("TraceHeader", json!("Root=1-5e645f3e-1dfad076a177c5ccc5de12f5")),
        with("Resources", json!(["arn:aws:dynamodb:us-east-1:000000000000:table/order-events"])),
        with("EventBusName", json!("arn:aws:events:us-east-1:000000000000:event-bus/orders")),
        with("EventBusName", json!(null)),
    ] {
        let response = call(&bus, "PutEvents", json!({ "Entries": [entry] })).await.unwrap();
        assert_eq!(response["FailedEntryCount"], 0, "{entry}: {response}");
    }
}

#[tokio::test]
async fn a_request_is_refused_as_a_whole() {
    let bus = bus(&Targets::accepting(), quick());
    let bytes = |count: usize| {
        let fixed = "order-service".len() + "OrderCreated".len() + r#"{"t":""}"#.len();
        with("Detail", json!(json!({ "t": "x".repeat(count - fixed) }).to_string()))
    };
    let megabyte = 1024 * 1024;
    for (body, code, says) in [
        (json!({}), "ValidationException", "'entries'"),
        (json!({"Entries": []}), "ValidationException", "greater than or equal to 1"),
        (json!({"Entries": vec![entry(0); 11]}), "ValidationException", "less than or equal to 10"),
        (json!({"Entries": [bytes(megabyte)]}), "ValidationException", "over the limit"),
        (
            json!({"Entries": [bytes(megabyte / 2), bytes(megabyte / 2)]}),
            "ValidationException",
            "over",
        ),
        (
            json!({"Entries": [with("TraceHeader", json!("x".repeat(501)))]}),
            "ValidationException",
            "500",
        ),
        (json!({"Entries": [entry(0)], "EndpointId": "x.y"}), "ValidationException", "EndpointId"),
        (json!({"Entries": "none"}), "SerializationException", "expected a sequence"),
        (json!({"Entries": [with("Detail", json!({}))]}), "SerializationException", "string"),
    ] {
        let error = refused(&bus, "PutEvents", body).await;
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
    let largest = json!({"Entries": [bytes(megabyte - 1)]});
    assert_eq!(call(&bus, "PutEvents", largest).await.unwrap()["FailedEntryCount"], 0);
    assert_eq!(bus.stats().put, 1);
}

#[tokio::test]
async fn an_event_arrives_in_its_envelope() {
    let targets = Targets::accepting();
    let bus = bus(&targets, quick());
    let mut entry = with("Time", json!(1_795_435_200));
    entry["Resources"] = json!(["arn:aws:x"]);
    let response = call(&bus, "PutEvents", json!({ "Entries": [entry] })).await.unwrap();
    settled(&bus).await;
    let received = targets.received.lock().unwrap();
    assert_eq!(
        received[0].1,
        json!({
            "version": "0",
            "id": response["Entries"][0]["EventId"],
            "detail-type": "OrderCreated",
            "source": "order-service",
            "account": "000000000000",
            "time": "2026-11-23T12:00:00Z",
            "region": "us-east-1",
            "resources": ["arn:aws:x"],
            "detail": { "n": 0 },
        })
    );
}

#[tokio::test]
async fn an_event_for_a_bus_that_does_not_exist_is_lost_as_on_aws() {
    let targets = Targets::accepting();
    let bus = bus(&targets, quick());
    let entries = json!([with("EventBusName", json!("order")), entry(1)]);
    let response = call(&bus, "PutEvents", json!({ "Entries": entries })).await.unwrap();
    assert_eq!(response["FailedEntryCount"], 0);
    settled(&bus).await;
    assert_eq!(targets.numbers(), [1]);
    assert_eq!((bus.stats().put, bus.stats().dropped), (2, 1));
}

#[tokio::test]
async fn too_many_deliveries_under_way_throttle_the_entry() {
    let targets = Targets::accepting();
    targets.gate.forget_permits(usize::MAX);
    let bus = bus(&targets, local_eventbridge::Options { pending_max: 2, ..quick() });
    put(&bus, 0..2).await;
    assert_eq!(bus.pending(), 2);
    let response = call(&bus, "PutEvents", json!({ "Entries": [entry(2)] })).await.unwrap();
    assert_eq!(response["Entries"][0]["ErrorCode"], "ThrottlingException");
    assert_eq!(bus.archived().len(), 2);
    targets.gate.add_permits(3);
    settled(&bus).await;
    put(&bus, 2..3).await;
    settled(&bus).await;
    assert_eq!(bus.stats().delivered, 3);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn results_are_aligned_with_entries(fields in proptest::collection::vec(
        (proptest::option::of(".{0,4}"), proptest::option::of(".{0,4}"), proptest::option::of(r#"\{\}|.{0,6}"#)),
        1..=10,
    )) {
        let entries: Vec<_> = fields
            .iter()
            .map(|(source, kind, detail)| json!({"Source": source, "DetailType": kind, "Detail": detail}))
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let targets: Arc<Targets> = Targets::accepting();
        let response = runtime.block_on(async {
            let bus = bus(&targets, quick());
            call(&bus, "PutEvents", json!({ "Entries": entries })).await.unwrap()
        });
        let results = response["Entries"].as_array().unwrap();
        prop_assert_eq!(results.len(), fields.len());
        for ((source, kind, detail), result) in fields.iter().zip(results) {
            let given = |it: &Option<String>| it.as_ref().is_some_and(|it| !it.is_empty());
            let is_object = detail.as_deref() == Some("{}");
            let accepted = given(source) && given(kind) && is_object;
            prop_assert_eq!(result["EventId"].is_string(), accepted, "{}", result);
        }
        let failed = results.iter().filter(|it| it["ErrorCode"].is_string()).count();
        prop_assert_eq!(&response["FailedEntryCount"], failed);
    }
}

//! Replays from an archive.

use std::{collections::BTreeSet, sync::Arc};

use local_eventbridge::{Deliver, EventBridge, Options};
use serde_json::{Value, json};

use crate::world::{
    Targets, bus, call, entry, put, quick, refused, rule, settled, topology, until,
};

const ARCHIVE: &str = "arn:aws:events:us-east-1:000000000000:archive/everything";
const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/orders";

fn request(name: &str) -> Value {
    json!({
        "ReplayName": name,
        "EventSourceArn": ARCHIVE,
        "EventStartTime": 0,
        "EventEndTime": 4_000_000_000_u64,
        "Destination": { "Arn": BUS },
    })
}

fn rule_arn(name: &str) -> String {
    local_eventbridge::rule_arn("orders", name)
}

async fn state(bus: &EventBridge, name: &str) -> Value {
    call(bus, "DescribeReplay", json!({ "ReplayName": name })).await.unwrap()
}

#[tokio::test]
async fn a_replay_sends_events_again_and_marks_them() {
    let targets = Targets::accepting();
    let bus = bus(&targets, quick());
    put(&bus, 0..3).await;
    settled(&bus).await;
    let started = call(&bus, "StartReplay", request("again")).await.unwrap();
    assert_eq!(started["State"], "STARTING");
    settled(&bus).await;

    let mut received = targets.received.lock().unwrap().clone();
    let replayed = received.split_off(3);
    assert_eq!(replayed.len(), 3);
    for (_, mut event) in replayed {
        assert_eq!(event["replay-name"], "again");
        event.as_object_mut().unwrap().remove("replay-name");
        assert!(received.iter().any(|(_, original)| *original == event), "{event}");
    }
    assert_eq!(bus.archived().len(), 3, "a replay is not archived again");
    let replay = state(&bus, "again").await;
    assert_eq!(replay["State"], "COMPLETED");
    assert!(replay["EventLastReplayedTime"].is_number() && replay["ReplayEndTime"].is_number());
}

#[tokio::test]
async fn only_the_filtered_rules_see_a_replay() {
    let targets = Targets::accepting();
    let rules = ["billing", "debug", "inventory"]
        .map(|name| {
            let mut rule = rule(name, json!({"source": ["order-service"]}));
            rule.targets[0].arn = format!("arn:aws:sqs:us-east-1:000000000000:{name}");
            rule
        })
        .to_vec();
    let bus = EventBridge::new(topology(rules), Arc::clone(&targets) as Arc<dyn Deliver>, quick())
        .unwrap();
    put(&bus, 0..2).await;
    settled(&bus).await;
    targets.received.lock().unwrap().clear();

    let mut request = request("debugging");
    request["Destination"]["FilterArns"] = json!([rule_arn("debug")]);
    call(&bus, "StartReplay", request).await.unwrap();
    settled(&bus).await;
    let seen: BTreeSet<_> =
        targets.received.lock().unwrap().iter().map(|(arn, _)| arn.clone()).collect();
    assert_eq!(seen, BTreeSet::from(["arn:aws:sqs:us-east-1:000000000000:debug".to_owned()]));
    assert_eq!(targets.received.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn only_the_window_is_replayed_minute_by_minute() {
    let targets = Targets::accepting();
    let bus = bus(&targets, quick());
    for (n, time) in [(0, 300), (1, 100), (2, 200), (3, 400)] {
        let mut entry = entry(n);
        entry["Time"] = json!(time);
        call(&bus, "PutEvents", json!({ "Entries": [entry] })).await.unwrap();
    }
    settled(&bus).await;
    targets.received.lock().unwrap().clear();
    let mut request = request("window");
    request["EventStartTime"] = json!(200);
    request["EventEndTime"] = json!(300);
    call(&bus, "StartReplay", request).await.unwrap();
    settled(&bus).await;
    assert_eq!(targets.numbers(), [2, 0]);
    assert_eq!(state(&bus, "window").await["EventLastReplayedTime"], json!(300.0));
}

#[tokio::test]
async fn a_cancelled_replay_stops() {
    let targets = Targets::accepting();
    let bus = bus(&targets, Options { pending_max: 2, ..quick() });
    for n in 0..10 {
        put(&bus, n..n + 1).await;
        settled(&bus).await;
    }
    // Nothing gets through any more: the replay waits for room after two events.
    targets.gate.forget_permits(usize::MAX);
    call(&bus, "StartReplay", request("stopped")).await.unwrap();
    until(|| bus.pending() == 2).await;
    assert_eq!(state(&bus, "stopped").await["State"], "RUNNING");
    let cancelled = call(&bus, "CancelReplay", json!({"ReplayName": "stopped"})).await.unwrap();
    assert_eq!(cancelled["State"], "CANCELLING");
    targets.gate.add_permits(100);
    settled(&bus).await;
    assert_eq!(state(&bus, "stopped").await["State"], "CANCELLED");
    assert_eq!(targets.numbers().len(), 12);

    let error = refused(&bus, "CancelReplay", json!({"ReplayName": "stopped"})).await;
    assert_eq!(error.code, "IllegalStatusException");
}

#[tokio::test]
async fn replays_are_listed_by_state_and_prefix() {
    let bus = bus(&Targets::accepting(), quick());
    for name in ["a-1", "a-2", "b-1"] {
        call(&bus, "StartReplay", request(name)).await.unwrap();
    }
    settled(&bus).await;
    for (query, names) in [
        (json!({"NamePrefix": "a-"}), vec!["a-1", "a-2"]),
        (json!({"State": "COMPLETED"}), vec!["a-1", "a-2", "b-1"]),
        (json!({"State": "RUNNING"}), vec![]),
        (json!({"EventSourceArn": BUS}), vec![]),
        (json!({"Limit": 1, "NextToken": "1"}), vec!["a-2"]),
    ] {
        let listed = call(&bus, "ListReplays", query.clone()).await.unwrap();
        let replays = listed["Replays"].as_array().unwrap();
        let listed: Vec<_> = replays.iter().map(|it| it["ReplayName"].as_str().unwrap()).collect();
        assert_eq!(listed, names, "{query}");
    }
}

#[tokio::test]
async fn a_replay_that_aws_refuses_is_refused() {
    let bus = bus(&Targets::accepting(), quick());
    call(&bus, "StartReplay", request("taken")).await.unwrap();
    let with = |path: &str, value: Value| {
        let mut request = request("refused");
        *request.pointer_mut(path).unwrap() = value;
        request
    };
    let default_bus = "arn:aws:events:us-east-1:000000000000:event-bus/default";
    let unknown_bus = "arn:aws:events:us-east-1:000000000000:event-bus/unknown";
    for (request, code, says) in [
        (request("taken"), "ResourceAlreadyExistsException", "taken"),
        (with("/ReplayName", json!(null)), "ValidationException", "replayName"),
        (with("/ReplayName", json!("a b")), "ValidationException", "replayName"),
        (with("/EventSourceArn", json!(BUS)), "ValidationException", "Must contain an archive ARN"),
        (
            with("/EventSourceArn", json!(format!("{ARCHIVE}2"))),
            "ValidationException",
            "everything2",
        ),
        (with("/EventEndTime", json!(0)), "ValidationException", "EventStartTime must be before"),
        (with("/EventEndTime", json!(null)), "ValidationException", "eventEndTime"),
        (with("/Destination/Arn", json!(ARCHIVE)), "ValidationException", "an event bus ARN"),
        (with("/Destination/Arn", json!(default_bus)), "ValidationException", "Cross event bus"),
        (with("/Destination/Arn", json!(unknown_bus)), "ResourceNotFoundException", "unknown"),
        (
            with("/Destination", json!({"Arn": BUS, "FilterArns": [rule_arn("unknown")]})),
            "ValidationException",
            "unknown",
        ),
    ] {
        let error = refused(&bus, "StartReplay", request).await;
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
    let error = refused(&bus, "DescribeReplay", json!({"ReplayName": "unknown"})).await;
    assert_eq!(error.code, "ResourceNotFoundException");
}

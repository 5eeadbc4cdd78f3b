//! What is written to a stream.

use event_envelope::{CorrelationId, EVENT_BYTES_MAX, Envelope, Unstorable};
use event_store::StoreError;
use local_dynamodb::{Fault, FaultPlan};
use proptest::prelude::*;
use runtime::Failure;
use serde_json::{Value, json};

use crate::world::{World, event, event_of, events, other_thing, thing};

/// Events as another writer would have appended them at the same place.
fn rival(mut events: Vec<Envelope>) -> Vec<Envelope> {
    for event in &mut events {
        event.correlation_id = CorrelationId::of("rival");
    }
    events
}

#[tokio::test]
async fn a_stale_append_writes_nothing() {
    for first in [1..=1, 1..=3] {
        for second in [1..=1, 1..=2] {
            let store = World::new().await.store();
            let there = events(first.clone());
            store.append(&there).await.unwrap();
            let stale = rival(events(second));
            let error = store.append(&stale).await.unwrap_err();
            assert!(matches!(error, StoreError::Conflict { expected: 0 }), "{error}");
            assert!(Failure::from(error).is_retry());
            assert_eq!(store.load(&thing(), 0).await.unwrap(), there);
        }
    }
}

#[tokio::test]
async fn an_append_that_collides_in_part_writes_nothing() {
    let store = World::new().await.store();
    store.append(&events(1..=2)).await.unwrap();
    // The first of them is there already, word for word, the others are not.
    let error = store.append(&events(2..=4)).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { expected: 1 }), "{error}");
    assert_eq!(store.load(&thing(), 0).await.unwrap(), events(1..=2));
}

#[tokio::test]
async fn several_events_are_there_together_or_not_at_all() {
    let store = World::new().await.store();
    store.append(&events(1..=100)).await.unwrap();
    assert_eq!(store.load(&thing(), 0).await.unwrap(), events(1..=100));
    // A transaction takes 100.
    let error = store.append(&events(101..=201)).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid(_)), "{error}");
    assert_eq!(store.load(&thing(), 100).await.unwrap(), []);
}

#[tokio::test]
async fn nothing_to_append_is_no_request() {
    let world = World::new().await;
    world.store().append(&[]).await.unwrap();
    assert_eq!(world.database.capacity().write_requests, 0);
}

#[tokio::test]
async fn one_event_costs_one_unit_and_several_cost_two_each() {
    let world = World::new().await;
    let units = || world.database.capacity().write_units;
    world.store().append(&events(1..=1)).await.unwrap();
    assert!((units() - 1.0).abs() < f64::EPSILON);
    world.store().append(&events(2..=3)).await.unwrap();
    assert!((units() - 5.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn events_that_do_not_continue_each_other_are_refused_for_good() {
    let stray = event_of(other_thing(), 2, json!({}));
    let skipping = event(3, json!({}));
    for second in [stray, skipping, event(1, json!({}))] {
        let store = World::new().await.store();
        let error = store.append(&[event(1, json!({})), second]).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{error}");
        assert!(matches!(Failure::from(error), Failure::Permanent { .. }));
        assert_eq!(store.load(&thing(), 0).await.unwrap(), []);
    }
}

#[tokio::test]
async fn an_oversized_event_is_refused_for_good() {
    let store = World::new().await.store();
    let large = event(1, json!("x".repeat(EVENT_BYTES_MAX)));
    let error = store.append(&[large]).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid(_)), "{error}");
    assert_eq!(store.load(&thing(), 0).await.unwrap(), []);
}

/// Objects inside each other, `levels` of them.
fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(true), |inner, _| json!({ "of": inner }))
}

#[tokio::test]
async fn what_no_table_holds_is_named_before_it_is_asked() {
    for (data, named) in [
        (json!({ "number": 1e300 }), "data.number is 1e"),
        (json!({ "number": [-1e-131] }), "data.number[0] is -1e-131"),
        (json!({ "": 1 }), "data has a member with an empty name"),
        (json!([{ "a": { "": 1 } }]), "data[0].a has a member with an empty name"),
        (deep(32), "more than 32 levels deep"),
    ] {
        let wrong = |sequence| event(sequence, data.clone());
        for appended in [vec![wrong(1)], vec![event(1, json!({})), wrong(2)]] {
            let (world, plan) = (World::new().await, FaultPlan::none());
            let error = world.store_with(plan.clone()).append(&appended).await.unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            let StoreError::Invalid(why) = &error else { panic!("{error:?}") };
            assert!(why.is::<Unstorable>());
            assert_eq!(plan.calls(), 0, "DynamoDB is not called for it");
            assert!(!Failure::from(error).is_retry());
        }
    }
}

#[tokio::test]
async fn what_just_fits_is_read_again_as_it_was() {
    for data in [
        deep(31),
        json!({ "a": "", "b": {}, "c": [], "d": "\u{0}", "items": 1, "ttl": 2, "😀": "é" }),
        json!({ "n": u64::MAX, "small": 1e-130, "large": 9.9e125, "many": 0.300_000_000_000_000_04 }),
    ] {
        let store = World::new().await.store();
        store.append(&[event(1, data.clone())]).await.unwrap();
        let there = store.load(&thing(), 0).await.unwrap();
        assert_eq!(there[0].data, data);
        let json = there[0].to_json().unwrap();
        assert_eq!(Envelope::from_json(json.as_bytes()).unwrap(), there[0]);
    }
}

#[tokio::test]
async fn a_lost_answer_is_known_as_our_own() {
    // Numbers that DynamoDB keeps in another form, and times with all their digits.
    let data = json!({ "whole": 1.0, "tiny": 1e-7, "negative": -0.0, "many": 123_456.70 });
    for count in [1, 2] {
        let world = World::new().await;
        let appended: Vec<_> = (1..=count).map(|it| event(it, data.clone())).collect();
        let plan = FaultPlan::at(0, Fault::LoseAnswer);
        world.store_with(plan.clone()).append(&appended).await.unwrap();
        assert_eq!(plan.calls(), 2);
        assert_eq!(world.store().load(&thing(), 0).await.unwrap().len(), appended.len());
    }
}

/// Any JSON of numbers that DynamoDB can hold.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(|it: f64| Value::from(it.round() / 1e3)),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,4}", inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_event_is_recognized_when_it_is_written_again(data in json(), other in json()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let appended = [event(1, data.clone())];
            let store = world.store_with(FaultPlan::at(0, Fault::LoseAnswer));
            store.append(&appended).await.unwrap();
            if data != other {
                let conflict = world.store().append(&[event(1, other)]).await.unwrap_err();
                assert!(matches!(conflict, StoreError::Conflict { expected: 0 }), "{conflict}");
            }
        });
    }
}

#[tokio::test]
async fn an_append_repeated_later_is_known_as_the_same() {
    let store = World::new().await.store();
    for range in [1..=1, 2..=4] {
        store.append(&events(range.clone())).await.unwrap();
        store.append(&events(range)).await.unwrap();
    }
    assert_eq!(store.load(&thing(), 0).await.unwrap(), events(1..=4));
}

#[tokio::test]
async fn a_collision_with_a_transaction_is_a_conflict() {
    for count in [1, 2] {
        let world = World::new().await;
        let store = world.store_with(FaultPlan::at(0, Fault::Conflict));
        let error = store.append(&events(1..=count)).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { expected: 0 }), "{error}");
        assert_eq!(world.store().load(&thing(), 0).await.unwrap(), []);
    }
}

//! What is read of a stream.

use aws_sdk_dynamodb::types::AttributeValue;
use event_store::StoreError;
use local_dynamodb::{Fault, FaultPlan};
use runtime::Failure;
use serde_json::json;

use crate::world::{World, event, event_of, events, other_thing, thing};

#[tokio::test]
async fn a_stream_without_events_is_empty() {
    let store = World::new().await.store();
    assert_eq!(store.load(&thing(), 0).await.unwrap(), []);
    assert_eq!(store.first(&thing()).await.unwrap(), None);
}

#[tokio::test]
async fn events_come_back_as_they_were_written() {
    let store = World::new().await.store();
    let data = json!({
        "text": "Zürich 🚚", "empty": "", "nothing": null, "yes": true,
        "numbers": [0, -1, 109.97, 1_767_225_600_000_u64, i64::MIN, u64::MAX],
        "nested": { "list": [[], {}], "more": [{ "a": [1] }] },
    });
    let event = event(1, data);
    store.append(std::slice::from_ref(&event)).await.unwrap();
    assert_eq!(store.load(&thing(), 0).await.unwrap(), [event]);
}

#[tokio::test]
async fn streams_do_not_mix() {
    let store = World::new().await.store();
    let other = event_of(other_thing(), 1, json!("other"));
    store.append(&events(1..=2)).await.unwrap();
    store.append(std::slice::from_ref(&other)).await.unwrap();
    assert_eq!(store.load(&thing(), 0).await.unwrap(), events(1..=2));
    assert_eq!(store.load(&other_thing(), 0).await.unwrap(), [other]);
}

#[tokio::test]
async fn the_order_of_a_stream_is_the_order_of_its_numbers() {
    let store = World::new().await.store();
    for start in (1..=1_050).step_by(50) {
        store.append(&events(start..=start + 49)).await.unwrap();
    }
    // Across 9 and 10, 99 and 100, 999 and 1000, where the order of texts would go wrong.
    assert_eq!(store.load(&thing(), 0).await.unwrap(), events(1..=1_050));
    for version in [1, 9, 10, 99, 100, 999, 1_000, 1_049] {
        assert_eq!(store.load(&thing(), version).await.unwrap(), events(version + 1..=1_050));
    }
    assert_eq!(store.load(&thing(), 1_050).await.unwrap(), []);
    assert_eq!(store.load(&thing(), u64::MAX - 1).await.unwrap(), []);
}

#[tokio::test]
async fn a_stream_of_many_pages_is_read_to_its_end() {
    let world = World::new().await;
    let store = world.store();
    // A page ends at 1 MB: these are four.
    let large = |sequence| event(sequence, json!("x".repeat(150 * 1024)));
    for sequence in 1..=24 {
        store.append(&[large(sequence)]).await.unwrap();
    }
    let before = world.database.capacity().read_requests;
    let loaded = store.load(&thing(), 0).await.unwrap();
    assert!(world.database.capacity().read_requests - before >= 4);
    assert!(loaded.into_iter().eq((1..=24).map(large)));
}

#[tokio::test]
async fn a_page_that_does_not_come_fails_the_whole_read() {
    let world = World::new().await;
    let store = world.store();
    for sequence in 1..=8 {
        store.append(&[event(sequence, json!("x".repeat(150 * 1024)))]).await.unwrap();
    }
    let failing = world.store_with(FaultPlan::at(1, Fault::CrashBefore));
    let error = failing.load(&thing(), 0).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn the_first_event_is_found_without_the_others() {
    let world = World::new().await;
    let store = world.store();
    store.append(&events(1..=3)).await.unwrap();
    let before = world.database.capacity().read_units;
    assert_eq!(store.first(&thing()).await.unwrap(), events(1..=1).pop());
    let units = world.database.capacity().read_units - before;
    assert!((units - 1.0).abs() < f64::EPSILON, "{units}");
}

#[tokio::test]
async fn a_stream_with_a_gap_is_refused_for_good() {
    let world = World::new().await;
    let store = world.store();
    store.append(&events(1..=4)).await.unwrap();
    world.remove(&thing(), 2).await;
    let error = store.load(&thing(), 0).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "stream thing-1 is damaged at event 2: the next event there is 3"
    );
    assert!(matches!(Failure::from(error), Failure::Permanent { .. }));
    world.remove(&thing(), 1).await;
    assert!(matches!(store.load(&thing(), 0).await, Err(StoreError::Damaged { sequence: 1, .. })));
    // What comes after the damage is sound.
    assert_eq!(store.load(&thing(), 2).await.unwrap(), events(3..=4));
}

#[tokio::test]
async fn an_event_in_the_wrong_place_is_refused_for_good() {
    let damages = [
        ("sequenceNumber", AttributeValue::N("3".to_owned())),
        ("aggregateId", AttributeValue::S("thing-2".to_owned())),
        ("eventId", AttributeValue::S("not an id".to_owned())),
        ("timestamp", AttributeValue::S("yesterday".to_owned())),
    ];
    for (attribute, value) in damages {
        let world = World::new().await;
        let store = world.store();
        store.append(&events(1..=2)).await.unwrap();
        world.overwrite(&thing(), 1, attribute, value).await;
        for error in
            [store.load(&thing(), 0).await.unwrap_err(), store.first(&thing()).await.unwrap_err()]
        {
            assert!(
                matches!(error, StoreError::Damaged { sequence: 1, .. }),
                "{attribute}: {error}"
            );
        }
    }
}

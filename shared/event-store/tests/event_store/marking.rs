//! Streams that are to be looked at again.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use event_envelope::{AggregateId, instant};
use event_store::{DueEntries, DueEntry, EventStore, SHARDS, StoreError};
use local_dynamodb::{Fault, FaultPlan};
use runtime::Failure;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::world::{EVENTS, NOW, World, event, event_of, events, thing};

const LATER: OffsetDateTime = NOW.saturating_add(Duration::HOUR);
const MUCH_LATER: OffsetDateTime = NOW.saturating_add(Duration::DAY);

/// Every entry whose time has come, each page with this many.
async fn due_in_pages(store: &EventStore, at: OffsetDateTime, limit: u16) -> Vec<DueEntry> {
    let mut all = Vec::new();
    for shard in 0..SHARDS {
        let mut after = None;
        loop {
            let DueEntries { entries, next } =
                store.entries(shard, at, limit, after).await.unwrap();
            assert!(entries.len() <= usize::from(limit));
            all.extend(entries.into_iter().map(Result::unwrap));
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    all
}

async fn due(store: &EventStore, at: OffsetDateTime) -> Vec<DueEntry> {
    due_in_pages(store, at, 10).await
}

fn things(count: u32) -> Vec<AggregateId> {
    (0..count).map(|number| AggregateId::parse(format!("thing-{number}")).unwrap()).collect()
}

#[tokio::test]
async fn a_marked_stream_is_found_when_its_time_has_come_and_not_before() {
    let world = World::new().await;
    let store = world.store();
    let calls = FaultPlan::none();
    world.store_with(calls.clone()).append_due(&events(1..=2), LATER).await.unwrap();
    assert_eq!(calls.calls(), 1);
    assert_eq!(due(&store, LATER - Duration::MILLISECOND).await, []);
    let [entry] = &due(&store, LATER).await[..] else { panic!() };
    assert_eq!(entry.aggregate, thing());
    assert_eq!(entry.due_at, instant(LATER));
    // An entry is no part of an event.
    assert_eq!(store.load(&thing(), 0).await.unwrap(), events(1..=2));
    assert_eq!(store.first(&thing()).await.unwrap(), Some(event(1, json!({ "number": 1 }))));
    assert_eq!(store.event(&thing(), u64::MAX).await.unwrap(), None);
    // Those without an entry are not found.
    let [other, ..] = &things(1)[..] else { panic!() };
    store.append(&[event_of(other.clone(), 1, json!({}))]).await.unwrap();
    assert_eq!(due(&store, MUCH_LATER).await.len(), 1);
}

#[tokio::test]
async fn every_mark_is_found_once_however_long_the_pages_are_and_the_oldest_first() {
    let store = World::new().await.store();
    for (number, thing) in things(40).into_iter().enumerate() {
        let at = LATER - Duration::minutes(number.try_into().unwrap());
        store.append_due(&[event_of(thing, 1, json!({}))], at).await.unwrap();
    }
    let all = due(&store, MUCH_LATER).await;
    let found: BTreeMap<_, _> = all.iter().map(|entry| (&entry.aggregate, &entry.due_at)).collect();
    assert_eq!((all.len(), found.len()), (40, 40));
    for limit in [1, 3, 100] {
        assert_eq!(due_in_pages(&store, MUCH_LATER, limit).await, all);
    }
    for shard in 0..SHARDS {
        let page = store.entries(shard, MUCH_LATER, 100, None).await.unwrap();
        assert!(page.entries.len() > 1, "shard {shard} has its part");
        let times = page.entries.into_iter().map(|entry| entry.unwrap().due_at);
        assert!(times.is_sorted());
    }
}

#[tokio::test]
async fn an_entry_can_be_rescheduled_and_cleared() {
    let store = World::new().await.store();
    store.append_due(&events(1..=1), NOW).await.unwrap();
    let [entry] = &due(&store, NOW).await[..] else { panic!() };
    store.reschedule(entry, LATER).await.unwrap();
    assert_eq!(due(&store, NOW).await, []);
    let [entry] = &due(&store, LATER).await[..] else { panic!() };
    assert_eq!(entry.due_at, instant(LATER));
    store.clear_due(entry).await.unwrap();
    assert_eq!(due(&store, MUCH_LATER).await, []);
    assert_eq!(store.load(&thing(), 0).await.unwrap(), events(1..=1));
}

#[tokio::test]
async fn a_sweeper_with_an_earlier_entry_changes_nothing() {
    let store = World::new().await.store();
    store.append_due(&events(1..=1), NOW).await.unwrap();
    let [stale] = &due(&store, NOW).await[..] else { panic!() };
    store.reschedule(stale, LATER).await.unwrap();
    // Another one has read it before that: what was decided since holds.
    store.clear_due(stale).await.unwrap();
    store.reschedule(stale, NOW).await.unwrap();
    let [entry] = &due(&store, MUCH_LATER).await[..] else { panic!() };
    assert_eq!(entry.due_at, instant(LATER));
    // And a cleared entry does not come back.
    store.clear_due(entry).await.unwrap();
    store.clear_due(entry).await.unwrap();
    store.reschedule(entry, NOW).await.unwrap();
    assert_eq!(due(&store, MUCH_LATER).await, []);
}

#[tokio::test]
async fn a_mark_is_written_with_the_first_event_or_not_at_all() {
    let store = World::new().await.store();
    for late in [events(2..=3), Vec::new()] {
        let error = store.append_due(&late, NOW).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{error}");
        assert!(!Failure::from(error).is_retry());
    }
    store.append_due(&events(1..=1), LATER).await.unwrap();
    // The same again is no conflict, and leaves the entry as it is.
    store.append_due(&events(1..=1), NOW).await.unwrap();
    let rival = [event(1, json!({ "number": 7 }))];
    let error = store.append_due(&rival, NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { expected: 0 }), "{error}");
    assert_eq!(due(&store, NOW).await, []);
    assert_eq!(due(&store, LATER).await.len(), 1);
}

#[tokio::test]
async fn streams_of_another_kind_in_the_same_table_have_marks_of_their_own() {
    let world = World::new().await;
    let others = EventStore::new(world.database.client(), EVENTS, "OTHER");
    others.append_due(&events(1..=1), NOW).await.unwrap();
    assert_eq!(due(&world.store(), NOW).await, []);
    assert_eq!(due(&others, NOW).await.len(), 1);
}

#[tokio::test]
async fn a_mark_that_is_invalid_does_not_hold_the_others() {
    let world = World::new().await;
    let store = world.store();
    store.append_due(&events(1..=1), NOW).await.unwrap();
    let first = due(&store, NOW).await;
    let mut shard = None;
    for index in 0..SHARDS {
        let page = store.entries(index, NOW, 1, None).await.unwrap();
        shard = shard.or((!page.entries.is_empty()).then_some(index));
    }
    let shard = shard.unwrap();
    let put = world.database.client().put_item().table_name(EVENTS);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = put.item("PK", text("THING#a/b")).item("SK", text("EVENT#1"));
    let put = put.item("sweepShard", text(&format!("THING#{shard}"))).item("lookAt", text("0"));
    put.send().await.unwrap();
    let page = store.entries(shard, NOW, 10, None).await.unwrap();
    let [senseless, entry] = &page.entries[..] else { panic!("{page:?}") };
    assert_eq!(entry.as_ref().unwrap(), &first[0]);
    let error = senseless.as_ref().unwrap_err();
    assert!(format!("{error:?}").contains("a/b"), "{error:?}");
}

#[tokio::test]
async fn whatever_fails_a_change_is_made_or_may_be_tried_again() {
    for fault in Fault::ALL {
        let world = World::new().await;
        let plan = FaultPlan::at(0, fault);
        let faulty = world.store_with(plan);
        if let Err(error) = faulty.append_due(&events(1..=1), NOW).await {
            assert!(Failure::from(error).is_retry(), "{fault:?}");
            world.store().append_due(&events(1..=1), NOW).await.unwrap();
        }
        for due_at in [Some(LATER), None] {
            let [entry] = &due(&world.store(), LATER).await[..] else { panic!("{fault:?}") };
            let faulty = world.store_with(FaultPlan::at(0, fault));
            let changed = match due_at {
                Some(at) => faulty.reschedule(entry, at).await,
                None => faulty.clear_due(entry).await,
            };
            if let Err(error) = changed {
                assert!(Failure::from(error).is_retry(), "{fault:?}");
                match due_at {
                    Some(at) => world.store().reschedule(entry, at).await.unwrap(),
                    None => world.store().clear_due(entry).await.unwrap(),
                }
            }
            let left = due(&world.store(), LATER).await;
            let times: Vec<_> = left.into_iter().map(|entry| entry.due_at).collect();
            assert_eq!(times, Vec::from_iter(due_at.map(instant)), "{fault:?}");
        }
    }
}

//! Effects in DynamoDB only: writes, record and events in one transaction.

use std::sync::{Arc, Mutex};

use idempotency::{Attempt, Completion, ConditionFailed, IdempotencyLayer, UnitOfWork};
use local_dynamodb::{Fault, FaultPlan};
use runtime::Failure;
use serde_json::json;

use crate::{
    handlers::{count, count_up, counting, deliver, publish_only, uncounted},
    world::{
        COUNTERS, RECORDS, RETENTION, TICK, World, answer, assert_permanent, delivery, delivery_of,
        event, forged, number, retried_after, text,
    },
};

fn counted() -> String {
    "counted".to_owned()
}

#[tokio::test]
async fn a_second_delivery_changes_nothing_and_returns_the_first_result() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), Completion::New(counted()));
    let second = deliver(&layer, delivery(), |attempt| async move {
        Ok(UnitOfWork {
            result: "something else".to_owned(),
            ..counting(&attempt.request.envelope)
        })
    });
    assert_eq!(second.await.unwrap(), Completion::Replayed(counted()));
    assert_eq!(world.count("a").await, 1);
    assert_eq!(world.outgoing(RECORDS).concat().len(), 1);
}

#[tokio::test]
async fn the_writes_the_record_and_the_events_are_one() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    deliver(&layer, delivery(), count).await.unwrap();
    let record = world.record(&delivery()).await.unwrap();
    assert_eq!(record["status"], text("COMPLETED"));
    assert_eq!(record["result"], text("\"counted\""));
    assert_eq!(record["payloadHash"], text(delivery().envelope.payload_hash()));
    let end = world.clock().now() + RETENTION;
    assert_eq!(record["expiration"], number(end.unix_timestamp()));
    let published = answer(&delivery().envelope, json!({ "counted": true }));
    assert_eq!(world.outgoing(RECORDS), [vec![published]]);
}

#[tokio::test]
async fn a_unit_with_a_result_only_leaves_a_record_and_publishes_nothing() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    let nothing = |_| async { Ok(UnitOfWork::new("nothing to do".to_owned())) };
    let first = deliver(&layer, delivery(), nothing).await.unwrap();
    assert_eq!(first, Completion::New("nothing to do".to_owned()));
    let record = world.record(&delivery()).await.unwrap();
    assert!(!record.contains_key("outgoing"));
    let second = deliver(&layer, delivery(), count).await.unwrap();
    assert_eq!(second, Completion::Replayed("nothing to do".to_owned()));
    assert_eq!(world.count("a").await, 0);
}

#[tokio::test]
async fn the_same_id_with_another_payload_is_a_permanent_failure() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    deliver(&layer, delivery(), count).await.unwrap();
    assert_permanent(deliver(&layer, forged(), count).await, "another payload");
    assert_eq!(world.count("a").await, 1);
}

#[tokio::test]
async fn a_refused_condition_is_decided_on_again_knowing_what_stood_there() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    let opener = delivery_of(event(7, json!({})));
    deliver(&layer, opener, count).await.unwrap();

    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let reply =
        deliver(&layer, delivery(), move |Attempt { request, failed_conditions, .. }| {
            noted.lock().unwrap().push(failed_conditions.clone());
            async move {
                let unit = UnitOfWork::new("first".to_owned()).write(count_up("b"));
                Ok(if failed_conditions.is_empty() {
                    unit.write(uncounted("a"))
                } else {
                    UnitOfWork::new("too late".to_owned())
                        .publish(answer(&request.envelope, json!({ "counted": false })))
                })
            }
        });
    assert_eq!(reply.await.unwrap(), Completion::New("too late".to_owned()));
    let stood_there = world.item(COUNTERS, "a").await;
    let failed_conditions = vec![ConditionFailed { write: 1, item: stood_there }];
    assert_eq!(*seen.lock().unwrap(), [vec![], failed_conditions]);
    assert_eq!(world.count("b").await, 0, "nothing of the refused unit was written");
    let published = world.outgoing(RECORDS).pop().unwrap();
    assert_eq!(published[0].data, json!({ "counted": false }));
}

#[tokio::test]
async fn conditions_that_never_hold_are_left_to_another_delivery() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    deliver(&layer, delivery_of(event(7, json!({}))), count).await.unwrap();
    let calls = Arc::new(Mutex::new(0));
    let counter = calls.clone();
    let stubborn = move |_| {
        *counter.lock().unwrap() += 1;
        async { Ok(UnitOfWork::new("first".to_owned()).write(uncounted("a"))) }
    };
    retried_after(deliver(&layer, delivery(), stubborn).await);
    assert_eq!(*calls.lock().unwrap(), 3);
    assert_eq!(world.record(&delivery()).await, None);
}

#[tokio::test]
async fn a_duplicate_whose_conditions_no_longer_hold_is_still_a_duplicate() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    let once = |attempt: Attempt<_>| async move {
        assert!(attempt.failed_conditions.is_empty(), "a duplicate has nothing to decide again");
        Ok(UnitOfWork::new("first".to_owned()).write(
            aws_sdk_dynamodb::types::Put::builder()
                .table_name(COUNTERS)
                .item("id", text("a"))
                .item("count", number(1))
                .condition_expression("attribute_not_exists(id)")
                .build()
                .unwrap(),
        ))
    };
    assert_eq!(deliver(&layer, delivery(), once).await.unwrap(), Completion::New("first".into()));
    let again = deliver(&layer, delivery(), once).await.unwrap();
    assert_eq!(again, Completion::Replayed("first".into()));
}

#[tokio::test]
async fn contention_is_met_with_another_try() {
    for fault in [Fault::Conflict, Fault::Throttle] {
        let world = World::new().await;
        let plan = FaultPlan::at(0, fault);
        let layer = world.transactional(plan.clone());
        assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), Completion::New(counted()));
        assert_eq!(plan.calls(), 2, "{fault:?}");
        assert_eq!(world.count("a").await, 1);
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_known_as_our_own() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::at(0, Fault::LoseAnswer));
    assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), Completion::New(counted()));
    assert_eq!(world.count("a").await, 1);

    let world = World::new().await;
    let layer = world.transactional(FaultPlan::at(0, Fault::LoseAnswer));
    assert_eq!(
        deliver(&layer, delivery(), publish_only).await.unwrap(),
        Completion::New(counted())
    );
}

#[tokio::test]
async fn without_a_store_nothing_is_acknowledged() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::at(0, Fault::CrashBefore));
    retried_after(deliver(&layer, delivery(), count).await);
    assert_eq!(world.count("a").await, 0);
}

#[tokio::test]
async fn a_record_past_its_retention_counts_no_more_even_if_it_is_still_there() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    deliver(&layer, delivery(), count).await.unwrap();
    world.pass(RETENTION);
    let last = deliver(&layer, delivery(), count).await.unwrap();
    assert_eq!(last, Completion::Replayed(counted()), "retained to its last second");
    world.pass(std::time::Duration::from_secs(1));
    assert!(world.record(&delivery()).await.is_some());
    assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), Completion::New(counted()));
    assert_eq!(world.count("a").await, 2);
    world.pass(TICK);
    let again = deliver(&layer, delivery(), count).await.unwrap();
    assert_eq!(again, Completion::Replayed(counted()), "the new record counts");
}

#[tokio::test]
async fn each_consumer_has_an_event_to_itself() {
    let world = World::new().await;
    for consumer in ["counter", "auditor"] {
        let layer = IdempotencyLayer::transactional(world.guard_of(consumer, FaultPlan::none()));
        assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), Completion::New(counted()));
        let again = deliver(&layer, delivery(), count).await.unwrap();
        assert_eq!(again, Completion::Replayed(counted()));
    }
    assert_eq!(world.count("a").await, 2);
}

#[tokio::test]
async fn a_handler_that_fails_leaves_no_trace() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    let early = |_| async { Err(Failure::retry("arrived too early")) };
    retried_after(deliver(&layer, delivery(), early).await);
    assert_eq!(world.record(&delivery()).await, None);
    assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), Completion::New(counted()));
}

//! What is too much for a transaction, an event or an item.

use std::future::{Ready, ready};

use aws_sdk_dynamodb::types::Put;
use event_envelope::{Delivery, EVENT_BYTES_MAX};
use idempotency::{Attempt, IdempotencyError, UnitOfWork};
use local_dynamodb::FaultPlan;
use serde_json::json;

use crate::{
    handlers::{Decision, Reply, count_up, deliver},
    world::{COUNTERS, World, answer, assert_permanent, delivery, text},
};

/// A handler that publishes `count` events of `bytes` bytes.
fn verbose(count: u64, bytes: usize) -> impl Fn(Attempt<Delivery>) -> Ready<Decision> + Clone {
    move |attempt| {
        let cause = attempt.request.envelope;
        let published = (1..=count).map(|_| answer(&cause, json!("x".repeat(bytes))));
        let unit = UnitOfWork::new("published".to_owned()).write(count_up("a"));
        ready(Ok(published.fold(unit, UnitOfWork::publish)))
    }
}

#[tokio::test]
async fn a_transaction_takes_ninety_nine_writes_besides_the_record() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    let many = |writes: usize| {
        move |_| async move {
            let unit = UnitOfWork::new("many".to_owned());
            Ok((0..writes).fold(unit, |unit, index| unit.write(count_up(&index.to_string()))))
        }
    };
    assert_permanent(deliver(&layer, delivery(), many(100)).await, "101 writes");
    assert_eq!(world.count("0").await, 0);
    deliver(&layer, delivery(), many(99)).await.unwrap();
    assert_eq!(world.count("98").await, 1);
}

#[tokio::test]
async fn an_oversized_event_is_a_permanent_failure_and_nothing_is_written() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    assert_permanent(
        deliver(&layer, delivery(), verbose(1, EVENT_BYTES_MAX)).await,
        "the limit is",
    );
    assert_eq!(world.count("a").await, 0);
}

/// A handler that puts `count` items of `bytes` bytes.
fn hoarding(count: usize, bytes: usize) -> impl Fn(Attempt<Delivery>) -> Ready<Decision> + Clone {
    move |_| {
        let put = |index: usize| {
            Put::builder()
                .table_name(COUNTERS)
                .item("id", text(index.to_string()))
                .item("much", text("x".repeat(bytes)))
                .build()
                .unwrap()
        };
        let unit = UnitOfWork::new("hoarded".to_owned());
        ready(Ok((0..count).map(put).fold(unit, UnitOfWork::write)))
    }
}

#[track_caller]
fn assert_too_large(reply: Reply, named: &str, limit: usize) {
    let failure = reply.unwrap_err();
    assert!(!failure.is_retry());
    match IdempotencyError::of(&failure) {
        Some(IdempotencyError::TooLarge { what, bytes, max }) => {
            assert!(what.contains(named), "{what}");
            assert_eq!(*max, limit);
            assert!(bytes > max);
        }
        other => panic!("{other:?}"),
    }
}

/// How a delivery ends that DynamoDB is not even asked about.
async fn unasked<H>(leased: bool, handler: H) -> Reply
where
    H: Fn(Attempt<Delivery>) -> Ready<Decision> + Clone + Send + 'static,
{
    let (world, plan) = (World::new().await, FaultPlan::none());
    let layer = if leased { world.leased(plan.clone()) } else { world.transactional(plan.clone()) };
    let reply = deliver(&layer, delivery(), handler).await;
    assert_eq!(plan.calls(), if leased { 2 } else { 0 }, "a claim and its release");
    reply
}

#[tokio::test]
async fn what_is_too_large_is_named_before_dynamodb_is_asked() {
    const ITEM: usize = 400 * 1024;
    for leased in [false, true] {
        let item = unasked(leased, hoarding(2, ITEM)).await;
        assert_too_large(item, "write 0, an item of table counters", ITEM);
        let all = unasked(leased, hoarding(11, 390 * 1024)).await;
        assert_too_large(all, "the transaction of 12 writes", 4 * 1024 * 1024);
        let events = unasked(leased, verbose(3, 150 * 1024)).await;
        assert_too_large(events, "its events to publish", ITEM);
    }
}

#[tokio::test]
async fn what_just_fits_is_taken() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    deliver(&layer, delivery(), hoarding(10, 400 * 1024 - 32)).await.unwrap();
}

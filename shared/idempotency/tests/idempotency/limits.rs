//! What is too much for a transaction, an event or an item.

use std::future::{Ready, ready};

use event_envelope::{Delivery, EVENT_BYTES_MAX};
use idempotency::{Attempt, UnitOfWork};
use local_dynamodb::FaultPlan;
use serde_json::json;

use crate::{
    handlers::{Decision, count_up, deliver},
    world::{World, answer, assert_poison, delivery},
};

/// A handler that says `count` events of `bytes` bytes.
fn verbose(count: u64, bytes: usize) -> impl Fn(Attempt<Delivery>) -> Ready<Decision> + Clone {
    move |attempt| {
        let cause = attempt.request.envelope;
        let said = (1..=count).map(|_| answer(&cause, json!("x".repeat(bytes))));
        let unit = UnitOfWork::new("said".to_owned()).write(count_up("a"));
        ready(Ok(said.fold(unit, UnitOfWork::publish)))
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
    assert_poison(deliver(&layer, delivery(), many(100)).await, "101 writes");
    assert_eq!(world.count("0").await, 0);
    deliver(&layer, delivery(), many(99)).await.unwrap();
    assert_eq!(world.count("98").await, 1);
}

#[tokio::test]
async fn an_oversized_event_is_poison_and_nothing_is_written() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    assert_poison(deliver(&layer, delivery(), verbose(1, EVENT_BYTES_MAX)).await, "the limit is");
    assert_eq!(world.count("a").await, 0);
}

#[tokio::test]
async fn events_too_large_for_one_record_are_poison_and_nothing_is_written() {
    let world = World::new().await;
    let layer = world.transactional(FaultPlan::none());
    assert_poison(deliver(&layer, delivery(), verbose(3, 150 * 1024)).await, "size");
    assert_eq!(world.count("a").await, 0);
}

#[tokio::test]
async fn events_too_large_for_a_claimed_record_are_poison_and_nothing_is_written() {
    let world = World::new().await;
    let layer = world.leased(FaultPlan::none());
    assert_poison(deliver(&layer, delivery(), verbose(3, 150 * 1024)).await, "size");
    assert_eq!(world.count("a").await, 0);
}

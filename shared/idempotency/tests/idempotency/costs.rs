//! What each mode costs: the table in the crate's documentation.

use std::num::NonZeroUsize;

use event_envelope::Delivery;
use idempotency::{Attempt, IdempotencyLayer, UnitOfWork};
use local_dynamodb::{Capacity, FaultPlan};
use runtime::Failure;

use crate::{
    handlers::{Decision, count, deliver},
    world::{Guarded, World, delivery},
};

/// Write units, write requests and read units.
type Cost = (f64, u64, f64);

fn cost(before: Capacity, after: Capacity) -> Cost {
    (
        after.write_units - before.write_units,
        after.write_requests - before.write_requests,
        after.read_units - before.read_units,
    )
}

async fn record_only(_: Attempt<Delivery>) -> Decision {
    Ok(UnitOfWork::new("counted".to_owned()))
}

/// Of a new delivery and of a duplicate, with one write of the handler's or none.
async fn costs(layer: impl Fn(&World) -> Guarded, writes: bool) -> (Cost, Cost) {
    let world = World::new().await;
    let layer = layer(&world);
    let mut marks = vec![world.database.capacity()];
    for _ in 0..2 {
        if writes {
            deliver(&layer, delivery(), count).await.unwrap();
        } else {
            deliver(&layer, delivery(), record_only).await.unwrap();
        }
        marks.push(world.database.capacity());
    }
    (cost(marks[0], marks[1]), cost(marks[1], marks[2]))
}

#[tokio::test]
async fn a_transaction_costs_two_units_an_item() {
    let transactional = |world: &World| world.transactional(FaultPlan::none());
    assert_eq!(costs(transactional, true).await, ((4.0, 1, 0.0), (0.0, 0, 0.0)));
}

#[tokio::test]
async fn a_record_alone_costs_one_unit() {
    let transactional = |world: &World| world.transactional(FaultPlan::none());
    assert_eq!(costs(transactional, false).await, ((1.0, 1, 0.0), (1.0, 1, 0.0)));
}

#[tokio::test]
async fn a_lease_costs_one_unit_more_than_what_it_completes() {
    let leased = |world: &World| world.leased(FaultPlan::none());
    assert_eq!(costs(leased, true).await, ((5.0, 2, 0.0), (1.0, 1, 0.0)));
    assert_eq!(costs(leased, false).await, ((2.0, 2, 0.0), (1.0, 1, 0.0)));
}

#[tokio::test]
async fn a_process_that_remembers_pays_nothing_for_a_duplicate() {
    let remembering = |world: &World| {
        IdempotencyLayer::transactional(world.guard(FaultPlan::none()).cache(NonZeroUsize::MIN))
    };
    assert_eq!(costs(remembering, true).await, ((4.0, 1, 0.0), (0.0, 0, 0.0)));
}

#[tokio::test]
async fn a_release_costs_one_unit() {
    let world = World::new().await;
    let before = world.database.capacity();
    let failing = |_| async { Err(Failure::retry("provider unavailable")) };
    deliver(&world.leased(FaultPlan::none()), delivery(), failing).await.unwrap_err();
    assert_eq!(cost(before, world.database.capacity()), (2.0, 2, 0.0));
}

/// Every write is one round trip; reads none: what stood in the way comes with the refusal.
#[tokio::test]
async fn round_trips_are_as_few_as_writes() {
    for (leased, first, duplicate) in [(false, 1, 1), (true, 2, 1)] {
        let (world, plan) = (World::new().await, FaultPlan::none());
        let layer =
            if leased { world.leased(plan.clone()) } else { world.transactional(plan.clone()) };
        deliver(&layer, delivery(), count).await.unwrap();
        assert_eq!(plan.calls(), first);
        deliver(&layer, delivery(), count).await.unwrap();
        assert_eq!(plan.calls(), first + duplicate);
    }
}

//! Every story again, with a fault at every call to the database.

use event_envelope::Delivery;
use events::Event;
use local_dynamodb::{Fault, FaultPlan};

use crate::{
    order::{five, happy, mails, payment, shipment, stock},
    world::{World, fold},
};

/// When a delivery that failed comes again.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Again {
    /// Before the next one.
    AtOnce,
    /// After all the others.
    Last,
}

/// What is told, and the events that the store then has.
type Story<'a> = (&'a [Delivery<Event>], &'a [Delivery<Event>]);

/// Tells a story to one process that meets `plan`, and goes on without it until all is done.
async fn tell((story, stored): Story<'_>, plan: FaultPlan, again: Again) -> World {
    let world = World::new().await;
    world.store(stored).await;
    let process = world.projector(plan);
    let mut failed = Vec::new();
    for delivery in story {
        match process.handle(delivery.clone()).await {
            Ok(_) => (),
            Err(failure) => {
                assert!(failure.is_retry(), "{failure}");
                match again {
                    Again::AtOnce => drop(world.settle(delivery).await),
                    Again::Last => failed.push(delivery),
                }
            }
        }
    }
    for delivery in failed {
        world.settle(delivery).await;
    }
    world
}

/// After each fault at each call, the row is what it would have been.
async fn sweep(story: Story<'_>, expected: &[Delivery<Event>]) {
    let calls = FaultPlan::none();
    tell(story, calls.clone(), Again::AtOnce).await;
    assert!(calls.calls() >= story.0.len());
    for again in [Again::AtOnce, Again::Last] {
        for fault in Fault::ALL {
            for call in 0..calls.calls() {
                let world = tell(story, FaultPlan::at(call, fault), again).await;
                let row = world.row().await;
                assert_eq!(row, fold(expected), "{fault:?} at call {call}, again {again:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_row_follows_its_order_whatever_fails() {
    sweep((&happy(), &happy()), &happy()).await;
}

#[tokio::test]
async fn a_gap_is_closed_whatever_fails() {
    let history = five();
    let story = [history[0].clone(), history[4].clone(), history[2].clone()];
    sweep((&story, &history), &history).await;
    sweep((&history[4..], &history), &history).await;
    // The store has lost the last one.
    sweep((&history[4..], &history[..4]), &history).await;
}

#[tokio::test]
async fn the_other_sections_follow_whatever_fails() {
    let others = [stock(), payment(), shipment(), mails()].concat();
    sweep((&others, &[]), &others).await;
    sweep((&[payment()[1].clone(), payment()[0].clone()], &[]), &payment()).await;
}

//! Every story again, with a fault at every call to the database.

use event_envelope::Delivery;
use events::Event;
use local_dynamodb::{Fault, FaultPlan};

use crate::{
    order::{everything, five, happy, payment},
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

/// Tells `story` to one process that meets `plan`, and goes on without it until all is done.
async fn tell(story: &[Delivery<Event>], plan: FaultPlan, again: Again) -> World {
    let world = World::new().await;
    world.store(&five()).await;
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
async fn sweep(story: &[Delivery<Event>], expected: &[Delivery<Event>]) {
    let calls = FaultPlan::none();
    tell(story, calls.clone(), Again::AtOnce).await;
    assert!(calls.calls() >= story.len());
    for again in [Again::AtOnce, Again::Last] {
        for fault in Fault::ALL {
            for call in 0..calls.calls() {
                let world = tell(story, FaultPlan::at(call, fault), again).await;
                println!("{fault:?} at call {call}, again {again:?}");
                assert_eq!(world.row().await, fold(expected));
            }
        }
    }
}

#[tokio::test]
async fn a_row_follows_its_order_whatever_fails() {
    sweep(&happy(), &five()[..4]).await;
}

#[tokio::test]
async fn a_gap_is_closed_whatever_fails() {
    let history = five();
    sweep(&[history[0].clone(), history[4].clone(), history[2].clone()], &history).await;
    sweep(&[history[4].clone()], &history).await;
}

#[tokio::test]
async fn the_other_sections_follow_whatever_fails() {
    sweep(&everything()[5..], &everything()[5..]).await;
    sweep(&[payment()[1].clone(), payment()[0].clone()], &payment()).await;
}

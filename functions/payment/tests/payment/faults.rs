//! Every story again, with a fault at every call to the database.

use std::time::Duration;

use event_envelope::Delivery;
use events::Event;
use local_dynamodb::{Fault, FaultPlan};
use outcome::Done;
use serde_json::Value;

use crate::world::{World, cancelled, created, created_with, reserved, shipping_failed};

/// What is left of a story.
#[derive(Debug, PartialEq)]
struct Ending {
    state: Value,
    captured: Vec<u64>,
    refunded: Vec<u64>,
    said: Vec<String>,
}

async fn ending(world: &World) -> Ending {
    Ending {
        state: world.state().await,
        captured: world.captured(),
        refunded: world.refunded(),
        said: world.said(),
    }
}

/// No provider remembers a request for longer.
const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

/// When a delivery that failed comes again.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Again {
    /// Before the next one.
    AtOnce,
    /// Before the next one, when the provider has forgotten its idempotency keys.
    MuchLater,
    /// After all the others.
    Last,
}

/// Tells `story` to one process that meets `plan`, and goes on without it until all is done.
async fn tell(story: &[Delivery<Event>], plan: FaultPlan, again: Again) -> World {
    let world = World::new().await;
    let handler = world.handler(plan);
    for delivery in story {
        if handler.handle(delivery).await.is_ok() || again == Again::Last {
            continue;
        }
        if again == Again::MuchLater {
            world.pass(YEAR);
        }
        world.settle(delivery).await;
    }
    if again == Again::Last {
        world.settle_all(story).await;
    }
    for delivery in story {
        assert_eq!(world.deliver(delivery).await.unwrap(), Done::Duplicate);
    }
    world
}

/// Compares what is left with what is left when nothing fails; the last says what failed.
type Check = fn(&Ending, &Ending, &str);

/// Checks what is left of `story` after each fault at each call.
async fn sweep(story: &[Delivery<Event>], again: Again, check: Check) {
    let calls = FaultPlan::none();
    let expected = ending(&tell(story, calls.clone(), again).await).await;
    for fault in Fault::ALL {
        for call in 0..calls.calls() {
            let world = tell(story, FaultPlan::at(call, fault), again).await;
            let found = ending(&world).await;
            check(&found, &expected, &format!("{fault:?} at call {call}, again {again:?}"));
        }
    }
}

fn same(found: &Ending, expected: &Ending, failed: &str) {
    assert_eq!(found, expected, "{failed}");
}

fn nothing_stays(found: &Ending, _: &Ending, failed: &str) {
    assert!(found.captured.len() <= 1, "{failed}: {found:?}");
    assert_eq!(found.refunded, found.captured, "{failed}: {found:?}");
}

#[tokio::test]
async fn an_order_is_charged_once_whatever_fails() {
    sweep(&[created(), reserved()], Again::AtOnce, same).await;
    sweep(&[created(), reserved()], Again::MuchLater, same).await;
    sweep(&[reserved(), created()], Again::Last, same).await;
}

#[tokio::test]
async fn a_declined_order_stays_declined_whatever_fails() {
    sweep(&[created_with("pm_card_chargeDeclined"), reserved()], Again::AtOnce, same).await;
}

#[tokio::test]
async fn an_order_is_refunded_once_whatever_fails() {
    sweep(&[created(), reserved(), cancelled()], Again::AtOnce, same).await;
    sweep(&[created(), reserved(), cancelled()], Again::MuchLater, same).await;
    sweep(&[created(), reserved(), shipping_failed()], Again::AtOnce, same).await;
}

#[tokio::test]
async fn a_cancel_that_overtakes_a_failed_charge_leaves_no_money_behind() {
    sweep(&[created(), reserved(), cancelled()], Again::Last, nothing_stays).await;
    sweep(&[reserved(), cancelled(), created()], Again::Last, nothing_stays).await;
}

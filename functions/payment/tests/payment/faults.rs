//! Every story again, with a fault at every call to the database.

use catalogue::Event;
use event_envelope::Delivery;
use serde_json::Value;
use testkit::Again;

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
        said: world.events(),
    }
}

/// Compares what is left with what is left when nothing fails; the last says what failed.
type Check = fn(&Ending, &Ending, &str);

/// Checks what is left of `story` after each fault at each call.
async fn sweep(story: &[Delivery<Event>], again: Again, check: Check) {
    let compare = async |undisturbed: &World, disturbed: &World, case| {
        let (found, expected) = (ending(disturbed).await, ending(undisturbed).await);
        check(&found, &expected, &format!("{case}, again {again:?}"));
    };
    testkit::sweep(World::new, story, again, compare).await;
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

//! Every story again, with a fault at every call to the database.

use catalogue::Event;
use event_envelope::Delivery;
use provider_stubs::ShipmentStatus;
use serde_json::Value;
use testkit::Again;

use crate::world::{World, cancelled, created, created_for, paid};

/// What is left of a story.
#[derive(Debug, PartialEq)]
struct Ending {
    state: Value,
    shipments: Vec<ShipmentStatus>,
    said: Vec<String>,
}

async fn ending(world: &World) -> Ending {
    Ending { state: world.state().await, shipments: world.shipments(), said: world.events() }
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

fn nothing_goes_out(found: &Ending, _: &Ending, failed: &str) {
    assert!(found.shipments.len() <= 1, "{failed}: {found:?}");
    assert!(!found.shipments.contains(&ShipmentStatus::Created), "{failed}: {found:?}");
}

#[tokio::test]
async fn an_order_is_shipped_once_whatever_fails() {
    sweep(&[created(), paid()], Again::AtOnce, same).await;
    sweep(&[created(), paid()], Again::MuchLater, same).await;
    sweep(&[paid(), created()], Again::Last, same).await;
}

#[tokio::test]
async fn a_refused_order_stays_refused_whatever_fails() {
    sweep(&[created_for(Some("addr_undeliverable")), paid()], Again::AtOnce, same).await;
}

#[tokio::test]
async fn a_shipment_is_called_back_once_whatever_fails() {
    sweep(&[created(), paid(), cancelled()], Again::AtOnce, same).await;
    sweep(&[created(), paid(), cancelled()], Again::MuchLater, same).await;
}

#[tokio::test]
async fn a_cancel_that_overtakes_a_failed_shipment_leaves_none_behind() {
    sweep(&[created(), paid(), cancelled()], Again::Last, nothing_goes_out).await;
    sweep(&[paid(), cancelled(), created()], Again::Last, nothing_goes_out).await;
}

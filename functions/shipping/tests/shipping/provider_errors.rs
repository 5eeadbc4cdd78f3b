//! What becomes of an order's shipment when the carrier, or the way to it, fails.

use provider_stubs::{
    Outcome,
    ShipmentStatus::{Created, Voided},
};
use runtime::Done;
use testkit::Harness;

use crate::world::{World, cancelled, created, paid, resumed};

#[tokio::test]
async fn a_request_that_reaches_the_carrier_after_the_cancel_makes_no_parcel() {
    let world = World::new().await;
    world.carrier.script("order-123", Outcome::Down(1));
    world.deliver(&created()).await.unwrap();
    world.deliver(&paid()).await.unwrap_err();
    world.complete_all(&[cancelled(), paid()]).await;
    assert_eq!(world.events(), ["ShippingFailed"]);
    // Somewhere on the way it was held up.
    world.arrive_late().await;
    assert_eq!(world.shipments(), [Voided]);
}

#[tokio::test]
async fn a_recall_that_the_carrier_refuses_is_abandoned_at_once() {
    let world = World::picked_up().await;
    world.complete_all(&[created(), paid()]).await;
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    let (step, attempts, reason) = world.reviews().remove(0);
    assert_eq!((step.as_str(), attempts.as_str()), ("recall", "1"));
    assert!(reason.ends_with("picked_up"), "{reason}");
    assert_eq!(world.shipments(), [Created]);

    // The carrier has accepted it after a call.
    let world = world.at_the_carrier().await;
    world.complete(&resumed()).await;
    assert_eq!(world.shipments(), [Voided]);
    assert_eq!(world.events(), ["ShipmentCreated", "ShippingNeedsReview", "ShippingFailed"]);
}

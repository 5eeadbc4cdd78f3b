//! What becomes of an order's shipment when the carrier, or the way to it, fails.

use std::time::Duration;

use local_dynamodb::{Fault, FaultPlan};
use provider_stubs::{
    Outcome,
    ShipmentStatus::{Created, Voided},
};
use runtime::{Done, Failure, Wait};
use testkit::Harness;

use crate::world::{World, cancelled, created, paid, resumed, resumed_at};

/// Longer than the carrier's work takes, shorter than it is told to take.
const PATIENCE: Duration = Duration::from_millis(250);
const LONG: Duration = Duration::from_secs(1);
const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

#[tokio::test]
async fn a_shipment_whose_answer_never_came_is_found() {
    let world = World::new().await.with_patience(PATIENCE);
    world.carrier.script("order-123", Outcome::Timeout(LONG));
    world.deliver(&created()).await.unwrap();
    assert!(world.deliver(&paid()).await.unwrap_err().is_retry());
    world.settle(&paid()).await;
    assert_eq!(world.shipments(), [Created]);
    assert_eq!(world.events(), ["ShipmentCreated"]);
}

#[tokio::test]
async fn a_carrier_that_is_down_or_busy_is_asked_again() {
    for outcome in [Outcome::Down(2), Outcome::Throttle(2)] {
        let world = World::new().await;
        world.carrier.script("order-123", outcome);
        world.deliver(&created()).await.unwrap();
        for _ in 0..2 {
            assert!(world.deliver(&paid()).await.unwrap_err().is_retry());
            assert_eq!(world.shipments(), []);
        }
        world.settle(&paid()).await;
        assert_eq!(world.shipments(), [Created]);
    }
}

#[tokio::test]
async fn a_redrive_after_the_carrier_forgot_the_key_ships_nothing_again() {
    let world = World::new().await;
    world.deliver(&created()).await.unwrap();
    // Load, lease, ship: the process dies when it wants to write down the answer.
    let dying = world.handler(FaultPlan::at(2, Fault::CrashBefore));
    dying.handle(&paid()).await.unwrap_err();
    assert_eq!(world.shipments(), [Created]);
    assert_eq!(world.status().await, "shipping");
    world.pass(YEAR);
    world.settle(&paid()).await;
    assert_eq!(world.shipments(), [Created]);
    assert_eq!(world.events(), ["ShipmentCreated"]);
}

#[tokio::test]
async fn of_two_handlers_at_once_one_ships() {
    let world = World::new().await;
    world.carrier.script("order-123", Outcome::Slow(Duration::from_millis(100)));
    let (created, paid) = (created(), paid());
    let (one, other, third) =
        tokio::join!(world.deliver(&created), world.deliver(&paid), world.deliver(&paid));
    assert!([&one, &other, &third].iter().any(|it| it.is_ok()));
    for failure in [one, other, third].into_iter().filter_map(Result::err) {
        assert!(failure.is_retry(), "{failure}");
    }
    world.settle_all(&[created, paid]).await;
    assert_eq!(world.shipments(), [Created]);
    assert_eq!(world.events(), ["ShipmentCreated"]);
}

#[tokio::test]
async fn a_shipment_under_way_is_called_back_and_never_announced() {
    let world = World::new().await;
    world.carrier.script("order-123", Outcome::Slow(Duration::from_millis(200)));
    world.deliver(&created()).await.unwrap();
    let (paid, cancelled) = (paid(), cancelled());
    let cancel = async {
        while world.status().await != "shipping" {
            tokio::task::yield_now().await;
        }
        world.deliver(&cancelled).await
    };
    let (shipped, called_off) = tokio::join!(world.deliver(&paid), cancel);
    shipped.unwrap();
    called_off.unwrap();
    assert_eq!(world.shipments(), [Voided]);
    assert_eq!(world.events(), ["ShippingFailed"]);
}

#[tokio::test]
async fn a_shipment_nobody_heard_of_is_traced_and_called_back() {
    let world = World::new().await.with_patience(PATIENCE);
    world.carrier.script("order-123", Outcome::Timeout(LONG));
    world.deliver(&created()).await.unwrap();
    world.deliver(&paid()).await.unwrap_err();
    world.settle_all(&[cancelled(), paid()]).await;
    assert_eq!(world.shipments(), [Voided]);
}

#[tokio::test]
async fn a_request_that_reaches_the_carrier_after_the_cancel_makes_no_parcel() {
    let world = World::new().await;
    world.carrier.script("order-123", Outcome::Down(1));
    world.deliver(&created()).await.unwrap();
    world.deliver(&paid()).await.unwrap_err();
    world.settle_all(&[cancelled(), paid()]).await;
    assert_eq!(world.events(), ["ShippingFailed"]);
    // Somewhere on the way it was held up.
    world.arrive_late().await;
    assert_eq!(world.shipments(), [Voided]);
}

#[tokio::test]
async fn a_carrier_that_is_down_is_asked_again_to_call_back() {
    let world = World::new().await;
    world.settle_all(&[created(), paid()]).await;
    world.carrier.script("void:order-123", Outcome::Down(2));
    assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
    assert_eq!(world.shipments(), [Created]);
    world.settle(&cancelled()).await;
    assert_eq!(world.shipments(), [Voided]);
}

#[tokio::test]
async fn while_the_carrier_is_away_a_shipment_waits_and_is_made_once_when_it_is_back() {
    let world = World::new().await;
    world.carrier.script("order-123", Outcome::Down(u32::MAX));
    world.deliver(&created()).await.unwrap();
    // More often than anything that may be given up is tried.
    for _ in 0..20 {
        let failure = world.deliver(&paid()).await.unwrap_err();
        // The queue lets a record wait longer each time that nobody knows how long it takes.
        assert!(matches!(failure, Failure::Retry { wait: Wait::Unknown, .. }), "{failure}");
    }
    assert_eq!((world.status().await.as_str(), world.events().len()), ("shipping", 0));

    world.carrier.script("order-123", Outcome::Slow(Duration::ZERO));
    // Whatever is heard next wakes it, be it the message itself or an operator's word.
    assert_eq!(world.deliver(&resumed()).await.unwrap(), Done::Handled);
    assert_eq!(world.deliver(&paid()).await.unwrap(), Done::Duplicate);
    assert_eq!(world.shipments(), [Created]);
    assert_eq!(world.events(), ["ShipmentCreated"]);
}

#[tokio::test]
async fn a_recall_that_keeps_failing_is_given_up_for_a_person_to_look_and_resumed() {
    let world = World::new().await;
    world.settle_all(&[created(), paid()]).await;
    world.carrier.script("void:order-123", Outcome::Throttle(u32::MAX));
    for _ in 1..8 {
        assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
    }
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    assert_eq!(world.events(), ["ShipmentCreated", "ShippingNeedsReview"]);
    let (step, attempts, reason) = world.reviews().remove(0);
    assert_eq!((step.as_str(), attempts.as_str()), ("recall", "8"));
    assert!(reason.starts_with("the provider is throttling: 429"), "{reason}");
    // Nothing is tried meanwhile.
    world.carrier.script("void:order-123", Outcome::Slow(Duration::ZERO));
    for delivery in [cancelled(), paid()] {
        assert_eq!(world.deliver(&delivery).await.unwrap(), Done::Duplicate);
    }
    assert_eq!(world.shipments(), [Created]);

    assert_eq!(world.deliver(&resumed()).await.unwrap(), Done::Handled);
    assert_eq!(world.deliver(&resumed()).await.unwrap(), Done::Duplicate);
    assert_eq!(world.shipments(), [Voided]);
    assert_eq!(world.events(), ["ShipmentCreated", "ShippingNeedsReview", "ShippingFailed"]);
}

#[tokio::test]
async fn a_recall_that_the_carrier_refuses_is_given_up_at_once() {
    let world = World::picked_up().await;
    world.settle_all(&[created(), paid()]).await;
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    let (step, attempts, reason) = world.reviews().remove(0);
    assert_eq!((step.as_str(), attempts.as_str()), ("recall", "1"));
    assert!(reason.ends_with("picked_up"), "{reason}");
    assert_eq!(world.shipments(), [Created]);

    // Somebody has talked to the carrier.
    let world = world.at_the_carrier().await;
    world.settle(&resumed()).await;
    assert_eq!(world.shipments(), [Voided]);
    assert_eq!(world.events(), ["ShipmentCreated", "ShippingNeedsReview", "ShippingFailed"]);
}

#[tokio::test]
async fn a_trace_that_keeps_failing_is_given_up_and_resumed() {
    let world = World::new().await;
    world.carrier.script("order-123", Outcome::Down(1));
    world.deliver(&created()).await.unwrap();
    world.deliver(&paid()).await.unwrap_err();
    // Nobody answers at all.
    let world = world.at_nobodys().await;
    for _ in 1..8 {
        assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
    }
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    assert_eq!(world.deliver(&paid()).await.unwrap(), Done::Duplicate);
    assert_eq!(world.reviews()[0].0, "trace");

    let world = world.at_the_carrier().await;
    world.settle(&resumed()).await;
    assert_eq!(world.shipments(), [Voided]);
    assert_eq!(world.events(), ["ShippingNeedsReview", "ShippingFailed"]);
}

#[tokio::test]
async fn a_resume_before_anything_was_given_up_changes_nothing() {
    let world = World::new().await;
    world.settle_all(&[resumed(), created(), paid(), cancelled()]).await;
    assert_eq!(world.shipments(), [Voided]);
    assert_eq!(world.events(), ["ShipmentCreated", "ShippingFailed"]);
}

#[tokio::test]
async fn however_often_an_order_is_resumed_its_cancellation_is_heard() {
    let world = World::new().await;
    world.carrier.script("order-123", Outcome::Down(u32::MAX));
    world.deliver(&created()).await.unwrap();
    world.deliver(&paid()).await.unwrap_err();
    for sequence in 100..250 {
        assert!(world.deliver(&resumed_at(sequence)).await.unwrap_err().is_retry());
    }
    assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
    world.carrier.script("order-123", Outcome::Slow(Duration::ZERO));
    world.settle_all(&[cancelled(), paid(), resumed_at(249), resumed_at(100)]).await;
    assert_eq!(world.shipments(), [Voided]);
    assert_eq!(world.events(), ["ShippingFailed"]);
}

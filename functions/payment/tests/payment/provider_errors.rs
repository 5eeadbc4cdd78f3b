//! What becomes of an order's money when the provider, or the way to it, fails.

use std::time::Duration;

use catalogue::Money;
use event_envelope::AggregateId;
use local_dynamodb::{Fault, FaultPlan};
use payment::{domain::Charge, gateway::PaymentGateway};
use provider_stubs::Outcome;
use runtime::Done;
use testkit::{Harness, deliver, orders::resumed_at};

use crate::world::{WRITTEN_DOWN, World, cancelled, created, order, reserved, resumed};

const TOTAL: u64 = 10_997;
/// Longer than the provider's work takes, shorter than it is scripted to take.
const TIMEOUT: Duration = Duration::from_millis(250);
const LONG: Duration = Duration::from_secs(1);
const DAY_AND_HOUR: Duration = Duration::from_secs(25 * 3600);

#[tokio::test]
async fn a_key_that_is_refused_waits_for_an_operator() {
    let world = World::new().await.with_key("pk_not_secret");
    world.deliver(&created()).await.unwrap();
    let failure = world.deliver(&reserved()).await.unwrap_err();
    assert!(failure.is_retry());
    assert!(failure.to_string().contains("refuses the API key"), "{failure}");
    let world = world.with_key("sk_rotated");
    world.complete(&reserved()).await;
    assert_eq!(world.captured(), [TOTAL]);
}

#[tokio::test]
async fn a_charge_that_arrives_after_the_cancel_is_waited_for_and_refunded() {
    let world = World::new().await.with_timeout(TIMEOUT);
    world.provider.script("order-123", Outcome::Slow(LONG));
    world.deliver(&created()).await.unwrap();
    world.deliver(&reserved()).await.unwrap_err();
    // The provider is still working, so that neither the search nor the key shows how it ends.
    assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
    assert_eq!(world.status().await, "revoking");
    tokio::time::sleep(LONG).await;
    world.complete_all(&[cancelled(), reserved()]).await;
    assert_eq!((world.captured(), world.refunded()), (vec![TOTAL], vec![TOTAL]));
}

#[tokio::test]
async fn a_charge_that_never_arrived_is_kept_from_arriving_after_the_cancel() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Down(1));
    world.deliver(&created()).await.unwrap();
    world.deliver(&reserved()).await.unwrap_err();
    world.complete_all(&[cancelled(), reserved()]).await;
    assert_eq!(world.status().await, "revoked");

    // The request of an attempt long ago.
    let customer = AggregateId::parse("user-456").unwrap();
    let payment_method = Some("pm_card_visa".to_owned());
    let charge = Charge { amount: Money::usd(10_997), customer: customer.clone(), payment_method };
    let customer = world.gateway().enroll(&customer).await.unwrap();
    let failure = world.gateway().charge(&order(), &charge, &customer, false).await.unwrap_err();
    assert!(failure.is_retry(), "{failure}");
    assert_eq!(world.provider.ledger(), []);
    assert_eq!(world.events(), ["PaymentFailed"]);
}

/// An order whose refund was tried eight times, in vain.
async fn refund_abandoned() -> World {
    let world = World::new().await;
    world.complete_all(&[created(), reserved()]).await;
    world.provider.script("refund:order-123", Outcome::Down(u32::MAX));
    for _ in 1..8 {
        assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
    }
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    world.provider.script("refund:order-123", Outcome::Slow(Duration::ZERO));
    world
}

#[tokio::test]
async fn a_refund_that_a_person_made_by_hand_is_found_when_it_is_resumed() {
    let world = refund_abandoned().await;
    let payment_id = world.payment_id();
    world.by_hand(&["v1", "refunds"], &[("payment_intent", &payment_id)]).await;
    world.complete(&resumed()).await;
    assert_eq!(world.refunded(), [TOTAL]);
    assert_eq!(world.events().last().unwrap(), "PaymentRefunded");
}

/// No more is asked back than was captured and not refunded yet, and no less counts.
#[tokio::test]
async fn a_payment_of_which_a_part_went_back_by_hand_needs_review_until_all_of_it_did() {
    let world = World::new().await;
    world.complete_all(&[created(), reserved()]).await;
    let payment_id = world.payment_id();
    let refund = async |amount: &str| {
        let form = [("payment_intent", payment_id.as_str()), ("amount", amount)];
        world.by_hand(&["v1", "refunds"], &form).await;
    };
    refund("5").await;
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    let (step, attempts, reason) = world.reviews().remove(0);
    assert_eq!((step.as_str(), attempts.as_str()), ("refund", "1"));
    assert!(reason.ends_with("400 Bad Request, invalid_request_error, no code"), "{reason}");
    assert_eq!(world.refunded(), [5]);

    refund("10992").await;
    assert_eq!(world.deliver(&resumed()).await.unwrap(), Done::Handled);
    assert_eq!(world.refunded(), [5, 10_992]);
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview", "PaymentRefunded"]);
}

/// An order whose card was declined by a process that died before it could write that down.
async fn declined_in_secret() -> World {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Decline);
    world.deliver(&created()).await.unwrap();
    let dying = world.handler(FaultPlan::at(WRITTEN_DOWN, Fault::CrashBefore));
    deliver(&dying, &reserved()).await.unwrap_err();
    // From now on the card would pay.
    world.provider.script("order-123", Outcome::Slow(Duration::ZERO));
    world.pass(DAY_AND_HOUR);
    world
}

#[tokio::test]
async fn a_decline_that_was_not_stored_is_found_and_the_card_not_tried_again() {
    let world = declined_in_secret().await;
    assert_eq!(world.complete(&reserved()).await, Done::Rejected);
    assert_eq!(world.captured(), [] as [u64; 0]);
    assert_eq!(world.events(), ["PaymentFailed"]);
}

#[tokio::test]
async fn a_decline_that_settled_later_is_found_as_the_charge_that_it_became() {
    let world = declined_in_secret().await;
    let form = [
        ("amount", "10997"),
        ("currency", "usd"),
        ("confirm", "true"),
        ("payment_method", "pm_card_visa"),
        ("metadata[order_id]", "order-123"),
    ];
    world.by_hand(&["v1", "payment_intents"], &form).await;
    assert_eq!(world.complete(&reserved()).await, Done::Handled);
    assert_eq!(world.captured(), [TOTAL]);
    assert_eq!(world.events(), ["PaymentCompleted"]);
}

/// The order forgets the first of these triggers, and goes on.
#[tokio::test]
async fn what_was_abandoned_more_often_than_triggers_are_kept_is_resumed_once_more() {
    let world = World::new().await;
    world.complete_all(&[created(), reserved()]).await;
    world.provider.script("refund:order-123", Outcome::Down(u32::MAX));
    for _ in 1..8 {
        assert!(world.deliver(&cancelled()).await.unwrap_err().is_retry());
    }
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    for sequence in 100..190 {
        let resumed = resumed_at(sequence);
        while world.deliver(&resumed).await.is_err() {}
        assert_eq!(world.status().await, "captured");
    }
    world.provider.script("refund:order-123", Outcome::Slow(Duration::ZERO));
    world.complete(&resumed_at(190)).await;
    assert_eq!((world.captured(), world.refunded()), (vec![TOTAL], vec![TOTAL]));
    assert_eq!(world.events().last().unwrap(), "PaymentRefunded");
}

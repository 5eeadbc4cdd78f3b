//! What becomes of an order's money when nothing goes wrong on the way.

use catalogue::{Event, Money, OrderPaid};
use event_envelope::{AggregateId, Delivery};
use local_dynamodb::FaultPlan;
use payment::{
    domain::{Capture, Charge, Input, Refund},
    gateway::{Again, PaymentGateway, ProviderId, SoFar},
};
use runtime::{Done, Failure};
use serde_json::Value;
use testkit::{Harness, permutations};

use crate::world::{World, cancelled, created, created_with, order, reserved, shipping_failed};

const TOTAL: u64 = 10_997;

#[tokio::test]
async fn an_order_is_charged_once_in_whichever_order_its_events_come_and_come_again() {
    for deliveries in permutations(&[created(), reserved()]) {
        let world = World::new().await;
        for delivery in &deliveries {
            assert_eq!(world.deliver(delivery).await.unwrap(), Done::Handled);
            assert_eq!(world.deliver(delivery).await.unwrap(), Done::Duplicate);
        }
        assert_eq!(world.captured(), [TOTAL]);
        assert_eq!(world.events(), ["PaymentCompleted"]);
        assert_eq!(world.status().await, "captured");
    }
}

#[tokio::test]
async fn whatever_comes_when_a_called_off_order_costs_nothing() {
    for deliveries in permutations(&[created(), reserved(), cancelled(), shipping_failed()]) {
        let world = World::new().await;
        for delivery in &deliveries {
            assert_eq!(world.deliver(delivery).await.unwrap(), Done::Handled);
            assert_eq!(world.deliver(delivery).await.unwrap(), Done::Duplicate);
        }
        assert!(world.captured().len() <= 1);
        assert_eq!(world.refunded(), world.captured());
    }
}

#[tokio::test]
async fn nothing_is_charged_without_stock() {
    let world = World::new().await;
    world.deliver(&created()).await.unwrap();
    assert_eq!(world.captured(), [] as [u64; 0]);
    assert_eq!(world.status().await, "waiting");
}

#[tokio::test]
async fn a_cancel_before_everything_else_is_remembered() {
    let world = World::new().await;
    world.settle_all(&[cancelled(), created(), reserved()]).await;
    assert_eq!(world.provider.ledger(), []);
    assert_eq!(world.events(), [] as [&str; 0]);
}

#[tokio::test]
async fn what_was_captured_goes_back_when_the_order_is_called_off() {
    for off in [cancelled(), shipping_failed()] {
        let world = World::new().await;
        world.settle_all(&[created(), reserved(), off]).await;
        assert_eq!(world.captured(), [TOTAL]);
        assert_eq!(world.refunded(), [TOTAL]);
        assert_eq!(world.events(), ["PaymentCompleted", "PaymentRefunded"]);
    }
}

#[tokio::test]
async fn a_declined_card_is_said_with_its_reason_and_stays_declined() {
    let world = World::new().await;
    let created = created_with("pm_card_chargeDeclinedInsufficientFunds");
    world.deliver(&created).await.unwrap();
    assert_eq!(world.deliver(&reserved()).await.unwrap(), Done::Rejected);
    // What comes after it is no rejection any more.
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    assert_eq!(world.deliver(&reserved()).await.unwrap(), Done::Duplicate);
    let state = world.state().await;
    assert_eq!(state["progress"]["M"]["status"]["S"], "declined");
    assert_eq!(state["progress"]["M"]["code"]["S"], "insufficient_funds");
    assert_eq!(state["progress"]["M"]["reason"]["S"], "The account has insufficient funds.");
    world.settle_all(&[created, reserved(), cancelled()]).await;
    assert_eq!(world.provider.ledger(), []);
    assert_eq!(world.events(), ["PaymentFailed"]);
}

#[tokio::test]
async fn a_card_that_the_provider_does_not_know_is_the_customers_affair() {
    let world = World::new().await;
    world.settle_all(&[created_with("pm_stolen"), reserved()]).await;
    assert_eq!(world.state().await["progress"]["M"]["code"]["S"], "payment_method_unusable");
    assert_eq!(world.events(), ["PaymentFailed"]);
}

#[tokio::test]
async fn events_that_say_nothing_to_payments_leave_no_trace() {
    let world = World::new().await;
    let (payment_id, amount) = ("pi_1".to_owned(), Money::usd(10_997));
    let event = Event::from(OrderPaid { order_id: order(), payment_id, amount });
    let delivery = Delivery { event, ..created() };
    assert_eq!(world.deliver(&delivery).await.unwrap(), Done::Ignored);
    assert_eq!(world.state().await, Value::Null);
}

#[tokio::test]
async fn an_event_that_changed_its_mind_is_parked() {
    let world = World::new().await;
    world.deliver(&created()).await.unwrap();
    let failure = world.deliver(&created_with("pm_card_mastercard")).await.unwrap_err();
    assert!(!failure.is_retry(), "{failure}");
}

/// Moves a cent where it is careless, whatever it is asked for.
#[derive(Default)]
struct Careless {
    charges: bool,
    refunds: bool,
}

impl Careless {
    fn moves(asked: Money, carelessly: bool) -> Money {
        if carelessly { Money::usd(1) } else { asked }
    }
}

impl PaymentGateway for Careless {
    async fn enroll(&self, _: &AggregateId) -> Result<ProviderId, Failure> {
        Ok(ProviderId::try_from("cus_1".to_owned()).unwrap())
    }

    async fn charge(
        &self,
        _: &AggregateId,
        charge: &Charge,
        _: &ProviderId,
        _: bool,
    ) -> Result<Input, Failure> {
        let amount = Self::moves(charge.amount, self.charges);
        Ok(Input::Captured(Capture { payment_id: "pi_1".into(), amount }))
    }

    async fn revoke(
        &self,
        _: &AggregateId,
        _: &Charge,
        _: Option<&ProviderId>,
    ) -> Result<Input, Failure> {
        Ok(Input::Revoked)
    }

    async fn refund(&self, _: &AggregateId, capture: &Capture, _: Again) -> Result<Input, Failure> {
        let amount = Self::moves(capture.amount, self.refunds);
        Ok(Input::Refunded(Refund { refund_id: "re_1".into(), amount }))
    }

    async fn refunded(&self, _: &Capture) -> Result<SoFar, Failure> {
        Ok(SoFar::Nothing)
    }
}

#[tokio::test]
async fn another_amount_than_the_total_is_a_matter_for_people() {
    let world = World::new().await;
    let careless = Careless { charges: true, ..Careless::default() };
    let handler = world.handler_of(careless, FaultPlan::none());
    handler.handle(&created()).await.unwrap();
    let failure = handler.handle(&reserved()).await.unwrap_err();
    assert!(!failure.is_retry());
    assert!(failure.to_string().contains("0.01 USD where 109.97 USD"), "{failure}");
    assert_eq!(world.events(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_refund_of_a_part_is_no_refund() {
    let world = World::new().await;
    let careless = Careless { refunds: true, ..Careless::default() };
    let handler = world.handler_of(careless, FaultPlan::none());
    for delivery in [created(), reserved(), cancelled()] {
        assert_eq!(handler.handle(&delivery).await.unwrap(), Done::Handled);
    }
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview"]);
    let reason = "the provider moved 0.01 USD where 109.97 USD was asked for".to_owned();
    assert_eq!(world.reviews(), [("refund".to_owned(), "1".to_owned(), reason)]);
}

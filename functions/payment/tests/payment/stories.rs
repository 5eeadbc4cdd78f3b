//! What becomes of an order's money when nothing goes wrong on the way.

use catalogue::Money;
use event_envelope::AggregateId;
use local_dynamodb::FaultPlan;
use payment::{
    domain::{Capture, Charge, Input, Refund},
    gateway::{Again, PaymentGateway, ProviderId, SoFar},
};
use provider_stubs::Outcome;
use runtime::{Done, Failure};
use testkit::{Harness, deliver};

use crate::world::{World, cancelled, created, created_with, reserved};

#[tokio::test]
async fn a_card_that_the_provider_does_not_know_is_the_customers_affair() {
    let world = World::new().await;
    world.complete_all(&[created_with("pm_stolen"), reserved()]).await;
    assert_eq!(world.state().await["progress"]["M"]["code"]["S"], "payment_method_unusable");
    assert_eq!(world.events(), ["PaymentFailed"]);
}

#[tokio::test]
async fn a_bank_that_declines_is_quoted_by_its_code() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Decline);
    world.complete_all(&[created(), reserved()]).await;
    assert_eq!(world.progress("code").await, "card_declined");
    assert_eq!(world.progress("reason").await, "The bank declined the payment.");
    assert_eq!(world.events(), ["PaymentFailed"]);
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
    deliver(&handler, &created()).await.unwrap();
    let failure = deliver(&handler, &reserved()).await.unwrap_err();
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
        assert_eq!(deliver(&handler, &delivery).await.unwrap(), Done::Handled);
    }
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview"]);
    let reason = "the provider moved 0.01 USD where 109.97 USD was asked for".to_owned();
    assert_eq!(world.reviews(), [("refund".to_owned(), "1".to_owned(), reason)]);
}

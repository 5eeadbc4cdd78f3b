//! What each protection is for: the same stories without it go wrong.

use std::time::Duration;

use event_envelope::AggregateId;
use local_dynamodb::{Fault, FaultPlan};
use payment::{
    domain::{Capture, Charge, Input},
    gateway::{Again, PaymentGateway, ProviderId, SoFar, Stripe},
};
use runtime::Failure;
use state_machine::LEASE;
use testkit::{Harness, deliver};

use crate::world::{WRITTEN_DOWN, World, cancelled, created, reserved};

const TOTAL: u64 = 10_997;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Takes every attempt for the first, and every order that is cancelled for one that was never
/// tried to charge.
struct Thoughtless(Stripe);

impl PaymentGateway for Thoughtless {
    async fn enroll(&self, customer: &AggregateId) -> Result<ProviderId, Failure> {
        self.0.enroll(customer).await
    }

    async fn charge(
        &self,
        order: &AggregateId,
        charge: &Charge,
        customer: &ProviderId,
        _: bool,
    ) -> Result<Input, Failure> {
        self.0.charge(order, charge, customer, false).await
    }

    async fn revoke(
        &self,
        _: &AggregateId,
        _: &Charge,
        _: Option<&ProviderId>,
    ) -> Result<Input, Failure> {
        Ok(Input::Revoked)
    }

    async fn refund(&self, order: &AggregateId, it: &Capture, _: Again) -> Result<Input, Failure> {
        self.0.refund(order, it, Again::No).await
    }

    async fn refunded(&self, capture: &Capture) -> Result<SoFar, Failure> {
        self.0.refunded(capture).await
    }
}

/// An order that was charged by a process which died before it could write that down.
async fn charged_in_secret() -> World {
    let world = World::new().await;
    world.deliver(&created()).await.unwrap();
    let dying = world.handler(FaultPlan::at(WRITTEN_DOWN, Fault::CrashBefore));
    deliver(&dying, &reserved()).await.unwrap_err();
    assert_eq!(world.captured(), [TOTAL]);
    world
}

#[tokio::test]
async fn without_the_search_a_redrive_after_a_day_charges_twice() {
    let world = charged_in_secret().await;
    world.pass(DAY);
    let handler = world.handler_of(Thoughtless(world.gateway()), FaultPlan::none());
    deliver(&handler, &reserved()).await.unwrap();
    assert_eq!(world.captured(), [TOTAL, TOTAL]);
}

#[tokio::test]
async fn without_the_revocation_a_cancelled_order_keeps_its_charge() {
    let world = charged_in_secret().await;
    world.pass(LEASE);
    let handler = world.handler_of(Thoughtless(world.gateway()), FaultPlan::none());
    deliver(&handler, &cancelled()).await.unwrap();
    assert_eq!((world.captured(), world.refunded()), (vec![TOTAL], vec![]));
}

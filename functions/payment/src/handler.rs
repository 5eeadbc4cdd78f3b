//! From an event to what it means for the payment, and to what becomes of the record.

mod looking;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use event_envelope::{AggregateId, Delivery};
use events::{Event, OrderCreated};
use outcome::{Done, Failure};
use state_machine::{Cause, Due, Host, HostSettings};
use tower::Service;

use crate::{
    customers::Customers,
    domain::{Charge, Effect, Fact, Payment},
    gateway::{Again, PaymentGateway, ProviderId, RefundPending},
    webhooks::Heard,
};

/// How long an attempt may take. Longer than the function's timeout of ten seconds, so that a
/// live one is never robbed.
pub const LEASE: Duration = Duration::from_secs(15);

/// How soon a refund that is on its way is asked for again.
const PENDING_FIRST: Duration = Duration::from_secs(60);
/// How late. A queue hides a message for twelve hours at most, from when it was received.
const PENDING_MAX: Duration = Duration::from_secs(11 * 3600);

/// Payments in the table `table`, one row per order.
pub fn hosted_in(table: String) -> HostSettings {
    HostSettings { table, key: "orderId", lease: LEASE }
}

/// Handles the events that payments hear, and the tasks that they are asked for.
#[derive(Debug)]
pub struct Handler<G> {
    host: Host,
    gateway: G,
    customers: Customers,
}

impl<G: PaymentGateway> Handler<G> {
    /// Keeps payments in `host` and moves money through `gateway`, where `customers` says who is who.
    pub const fn new(host: Host, gateway: G, customers: Customers) -> Self {
        Self { host, gateway, customers }
    }

    /// This handler as the service that a consumer calls.
    pub fn into_service<E: Into<Heard>>(
        self: Arc<Self>,
    ) -> impl Service<Delivery<E>, Response = Done, Error = Failure> + Clone {
        let handler = self;
        tower::service_fn(move |Delivery { envelope, event, replay }: Delivery<E>| {
            let handler = handler.clone();
            async move {
                match event.into() {
                    Heard::Event(event) => {
                        handler.handle(&Delivery { envelope, event, replay }).await
                    }
                    Heard::LookAgain(order) => handler.look_again(&order, &envelope).await,
                }
            }
        })
    }

    /// Tells the order's payment what happened, and moves the money that is then due. Money that
    /// should go back and does not is given up after a while: the event is then handled, and the
    /// payment says that a person has to look.
    ///
    /// # Errors
    ///
    /// Retry when the store or the provider is away, or another delivery is at it. Poison when
    /// the event is not what it was, when the provider refuses this code's own requests for a
    /// charge, or when it took another amount than it was asked to.
    pub async fn handle(&self, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        let Some(fact) = fact(&delivery.event) else {
            return Ok(Done::Ignored);
        };
        self.tell(delivery.event.order_id(), (&delivery.envelope).into(), &[fact]).await
    }

    /// Tells the payment of `order` some facts at once, and moves the money that is then due.
    pub(crate) async fn tell(
        &self,
        order: &AggregateId,
        cause: Cause<'_>,
        facts: &[Fact],
    ) -> Result<Done, Failure> {
        let is_refused = AtomicBool::new(false);
        let perform = async |due| {
            let answer = self.perform(order, due).await?;
            is_refused.fetch_or(matches!(answer, Fact::Declined(_)), Ordering::Relaxed);
            Ok(answer)
        };
        let done = self.host.handle_all::<Payment, _>(order, cause, facts, perform).await?;
        Ok(if is_refused.into_inner() { Done::Rejected } else { done })
    }

    /// The payment of `order` as it stands now.
    pub(crate) async fn look(&self, order: &AggregateId) -> Result<Payment, Failure> {
        self.host.look(order).await
    }

    /// The provider's id of a customer. It is kept before anything is charged to it.
    async fn customer(&self, customer: &AggregateId) -> Result<ProviderId, Failure> {
        match self.customers.find(customer).await? {
            Some(id) => Ok(id),
            None => {
                let id = self.gateway.enroll(customer).await?;
                self.customers.keep(customer, id).await
            }
        }
    }

    async fn perform(&self, order: &AggregateId, due: Due<Effect>) -> Result<Fact, Failure> {
        let Due { effect, resumed, attempt } = due;
        let answer = match &effect {
            Effect::Charge(charge) => {
                let customer = self.customer(&charge.customer).await?;
                self.gateway.charge(order, charge, &customer, resumed).await?
            }
            Effect::Revoke(charge) => {
                // Whoever is not known there was never charged: that is kept first.
                let customer = self.customers.find_now(&charge.customer).await?;
                self.gateway.revoke(order, charge, customer.as_ref()).await?
            }
            Effect::Refund(capture) => {
                let refunded = self.gateway.refund(order, capture, again(resumed, attempt)).await;
                refunded.map_err(|failure| patient(failure, attempt))?
            }
        };
        effect.check(&answer).map_err(Failure::poison)?;
        Ok(answer)
    }
}

/// How an attempt at a refund relates to those before. Attempts count anew when an operator lets a
/// refund go on that was given up; of one that was tried before, the first is therefore that one.
fn again(resumed: bool, attempt: u32) -> Again {
    match (resumed, attempt) {
        (false, _) => Again::No,
        (true, 1) => Again::Resumed,
        (true, _) => Again::Retried,
    }
}

/// A refund that is on its way is asked for again after a minute, then after five times as long each
/// time, and at last twice a day: most are there at once, and some take a day. Eight attempts see
/// about a day and a half of it; a person then looks, and lets it go on. Each attempt counts, so
/// that the message never goes to the dead-letter queue over a refund that only takes its time.
fn patient(failure: Failure, attempt: u32) -> Failure {
    match failure {
        Failure::Retry { reason, .. } if reason.is::<RefundPending>() => {
            let times = 5_u32.saturating_pow(attempt.saturating_sub(1));
            Failure::retry_after(reason, PENDING_FIRST.saturating_mul(times).min(PENDING_MAX))
        }
        Failure::Retry { .. } | Failure::Poison { .. } => failure,
    }
}

impl From<&OrderCreated> for Charge {
    fn from(created: &OrderCreated) -> Self {
        Self {
            amount: created.total,
            customer: created.user_id.clone(),
            payment_method: created.payment_method_id.clone(),
        }
    }
}

/// What an event means for a payment; nothing, for those of others.
fn fact(event: &Event) -> Option<Fact> {
    match event {
        Event::OrderCreated(created) => Some(Fact::Created(created.into())),
        Event::InventoryReserved(_) => Some(Fact::Reserved),
        Event::OrderCancelled(_) | Event::ShippingFailed(_) => Some(Fact::CalledOff),
        Event::OrderResumed(_) => Some(Fact::Resumed),
        Event::OrderPaid(_)
        | Event::OrderShipped(_)
        | Event::OrderCompleted(_)
        | Event::OrderTimedOut(_)
        | Event::InventoryReservationFailed(_)
        | Event::InventoryReleased(_)
        | Event::PaymentCompleted(_)
        | Event::PaymentFailed(_)
        | Event::PaymentRefunded(_)
        | Event::ShipmentCreated(_)
        | Event::PaymentNeedsReview(_)
        | Event::ShippingNeedsReview(_)
        | Event::NotificationSent(_)
        | Event::NotificationFailed(_) => None,
    }
}

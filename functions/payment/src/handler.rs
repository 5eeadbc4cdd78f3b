//! From an event to what it means for the payment, and to the outcome of the record.

mod checking;

use std::time::Duration;

use catalogue::OrderCreated;
use event_envelope::{AggregateId, Delivery};
use lambda::EventHandler;
use runtime::{Done, Failure};
use state_machine::{Attempt, Handled, Runner, Trigger};

use crate::{
    customers::Customers,
    domain::{Charge, Command, Input, Payment},
    gateway::{Again, PaymentGateway, ProviderId, RefundPending},
    webhooks::{PaymentInput, PaymentMessage},
};

/// How soon a refund that is on its way is asked for again.
const PENDING_FIRST: Duration = Duration::from_secs(60);
/// How late. A queue hides a message for twelve hours at most, from when it was received.
const PENDING_MAX: Duration = Duration::from_secs(11 * 3600);

/// Handles the events that payments consume, and the tasks of workflows.
#[derive(Debug)]
pub struct Handler<G> {
    runner: Runner,
    gateway: G,
    customers: Customers,
}

impl<G: PaymentGateway> Handler<G> {
    /// Runs payments by `runner` and moves money through `gateway`, where `customers` maps
    /// customers to the provider's ids.
    pub const fn new(runner: Runner, gateway: G, customers: Customers) -> Self {
        Self { runner, gateway, customers }
    }

    /// Applies some inputs to the payment of `order` at once, and moves the money that is then to
    /// be moved.
    pub(crate) async fn apply(
        &self,
        order: &AggregateId,
        trigger: Trigger<'_>,
        inputs: &[Input],
    ) -> Result<Handled<Payment>, Failure> {
        let run = async |attempt| self.run(order, attempt).await;
        self.runner.handle_all(order, trigger, inputs, run).await
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

    async fn run(&self, order: &AggregateId, attempt: Attempt<Command>) -> Result<Input, Failure> {
        let Attempt { command, may_have_run, number } = attempt;
        let answer = match &command {
            Command::Charge(charge) => {
                let customer = self.customer(&charge.customer).await?;
                self.gateway.charge(order, charge, &customer, may_have_run).await?
            }
            Command::Revoke(charge) => {
                // A customer that is not known there was never charged: that is kept first.
                let customer = self.customers.find_now(&charge.customer).await?;
                self.gateway.revoke(order, charge, customer.as_ref()).await?
            }
            Command::Refund(capture) => {
                let again = again(may_have_run, number);
                let refunded = self.gateway.refund(order, capture, again).await;
                refunded.map_err(|failure| with_backoff(failure, number))?
            }
        };
        command.check(&answer).map_err(Failure::permanent)?;
        Ok(answer)
    }
}

impl<G: PaymentGateway> EventHandler for Handler<G> {
    type Event = PaymentMessage;

    /// Applies the event to the order's payment, and moves the money that is then to be moved.
    /// Money that should go back and does not is abandoned after a while: the event is then
    /// handled, and the payment emits that it needs manual intervention.
    ///
    /// # Errors
    ///
    /// Retry when the store or the provider is unavailable, or another delivery holds the lease.
    /// Permanent when the event is not what it was, when the provider refuses this code's own
    /// requests for a charge, or when it took another amount than it was asked to.
    async fn handle(&self, delivery: Delivery<PaymentMessage>) -> Result<Done, Failure> {
        let Delivery { envelope, event, .. } = delivery;
        match event {
            PaymentMessage::Event(event) => {
                let input = Input::from(&event);
                let handled = self.apply(event.order_id(), (&envelope).into(), &[input]).await?;
                Ok(done(&handled))
            }
            PaymentMessage::CheckAgain(order) => self.check_again(&order, &envelope).await,
        }
    }
}

/// The outcome of the record. A charge that the provider declined now is a rejection.
fn done(handled: &Handled<Payment>) -> Done {
    let is_declined = matches!(handled.state, Payment::Declined(_));
    if is_declined && !handled.events.is_empty() { Done::Rejected } else { handled.done }
}

/// How an attempt at a refund relates to those before. Attempts count anew when an operator lets a
/// refund go on that was abandoned; of one that was tried before, the first is therefore that one.
fn again(may_have_run: bool, attempt: u32) -> Again {
    match (may_have_run, attempt) {
        (false, _) => Again::No,
        (true, 1) => Again::Resumed,
        (true, _) => Again::Retried,
    }
}

/// A refund that is on its way is asked for again after a minute, then after five times as long
/// each time, and at last twice a day: most are there at once, and some take a day. Eight attempts
/// see about a day and a half of it; an operator then checks it, and resumes it. Each attempt
/// counts, so that the message never goes to the dead-letter queue over a refund that only takes
/// its time.
fn with_backoff(failure: Failure, attempt: u32) -> Failure {
    match failure {
        Failure::Retry { reason, .. } if reason.is::<RefundPending>() => {
            let times = 5_u32.saturating_pow(attempt.saturating_sub(1));
            Failure::retry_after(reason, PENDING_FIRST.saturating_mul(times).min(PENDING_MAX))
        }
        Failure::Retry { .. } | Failure::Permanent { .. } => failure,
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

impl From<&PaymentInput> for Input {
    fn from(event: &PaymentInput) -> Self {
        match event {
            PaymentInput::OrderCreated(created) => Self::Created(created.into()),
            PaymentInput::InventoryReserved(_) => Self::Reserved,
            PaymentInput::OrderCancelled(_) | PaymentInput::ShippingFailed(_) => Self::Cancelled,
            PaymentInput::OrderResumed(_) => Self::Resumed,
        }
    }
}

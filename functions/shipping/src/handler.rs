//! From an event to what it means for the shipment, and to the outcome of the record.

use catalogue::OrderCreated;
use event_envelope::{AggregateId, Delivery};
use lambda::EventHandler;
use runtime::{Done, Failure};
use state_machine::{Attempt, Handled, Runner, Trigger};

use crate::{
    carrier::Carrier,
    domain::{Command, Destination, Input, Shipment},
};

catalogue::subscribe! {
    /// What shipments consume.
    pub enum ShippingInput { OrderCreated, PaymentCompleted, OrderCancelled, OrderResumed }
}

/// Handles the events that shipments consume, and the tasks of workflows.
#[derive(Debug)]
pub struct Handler<C> {
    runner: Runner,
    carrier: C,
}

impl<C: Carrier> Handler<C> {
    /// Runs shipments by `runner` and gives parcels to `carrier`.
    pub const fn new(runner: Runner, carrier: C) -> Self {
        Self { runner, carrier }
    }

    /// Applies some inputs to the shipment of `order` at once, and has the carrier do what is then
    /// pending.
    pub(crate) async fn apply(
        &self,
        order: &AggregateId,
        trigger: Trigger<'_>,
        inputs: &[Input],
    ) -> Result<Handled<Shipment>, Failure> {
        let run = async |attempt| self.run(order, attempt).await;
        self.runner.handle_all(order, trigger, inputs, run).await
    }

    async fn run(&self, order: &AggregateId, attempt: Attempt<Command>) -> Result<Input, Failure> {
        match attempt.command {
            Command::Ship { to } => self.carrier.ship(order, &to, attempt.may_have_run).await,
            // An attempt was made: that is why it is reconciled.
            Command::Reconcile { to } => self.carrier.ship(order, &to, true).await,
            Command::Void { shipment_id } => self.carrier.void(&shipment_id).await,
        }
    }
}

impl<C: Carrier> EventHandler for Handler<C> {
    type Event = ShippingInput;

    /// Applies the event to the order's shipment, and has the carrier do what is then pending. A
    /// shipment that should come back and does not is abandoned after a while: the event is then
    /// handled, and the shipment emits that it needs manual intervention.
    ///
    /// # Errors
    ///
    /// Retry when the store or the carrier is unavailable, or another delivery holds the lease.
    /// Permanent when the event is not what it was, or when the carrier refuses this code's own
    /// requests to ship.
    async fn handle(&self, delivery: Delivery<ShippingInput>) -> Result<Done, Failure> {
        let Delivery { envelope, event, .. } = delivery;
        let input = Input::from(&event);
        let handled = self.apply(event.order_id(), (&envelope).into(), &[input]).await?;
        Ok(done(&handled))
    }
}

/// The outcome of the record. A shipment that the carrier refused now is a rejection.
fn done(handled: &Handled<Shipment>) -> Done {
    let is_refused = matches!(handled.state, Shipment::Refused(_));
    if is_refused && !handled.events.is_empty() { Done::Rejected } else { handled.done }
}

/// Where an order goes. The carrier keeps customers' default addresses under their own ids, and
/// receives the customer beside the address, so that it can check that one belongs to the other.
pub(crate) fn destination(created: &OrderCreated) -> Destination {
    Destination {
        address: created.delivery_address_id.as_ref().unwrap_or(&created.user_id).clone(),
        customer: Some(created.user_id.clone()),
    }
}

impl From<&ShippingInput> for Input {
    fn from(event: &ShippingInput) -> Self {
        match event {
            ShippingInput::OrderCreated(created) => Self::Created(destination(created)),
            ShippingInput::PaymentCompleted(_) => Self::Paid,
            ShippingInput::OrderCancelled(_) => Self::Cancelled,
            ShippingInput::OrderResumed(_) => Self::Resumed,
        }
    }
}

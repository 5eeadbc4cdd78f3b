//! What other services publish about an order.

use catalogue::PaymentCompleted;
use event_envelope::{AggregateId, DecodeError, Delivery, Envelope};
use event_store::{Causation, EventStore, ExecuteError, Executed, execute};
use lambda::EventHandler;
use runtime::{Clock, Done, Failure};

use crate::domain::{Command, Order, Rule};

catalogue::subscribe! {
    /// What other services publish that orders consume.
    pub enum OrderInput {
        PaymentCompleted,
        PaymentFailed,
        PaymentRefunded,
        InventoryReservationFailed,
        ShipmentCreated,
        ShippingFailed,
    }
}

/// Records in the streams of orders what other services publish, and what workflows ask for.
#[derive(Debug, Clone)]
pub struct Orders {
    store: EventStore,
    clock: Clock,
}

impl Orders {
    /// Appends to the streams in `store`.
    pub const fn new(store: EventStore, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Records what `cause` means for an order.
    pub(crate) async fn record(
        &self,
        order_id: &AggregateId,
        command: &Command,
        cause: &Envelope,
    ) -> Result<Executed, Failure> {
        let causation = Causation::Event(cause);
        match execute::<Order>(&self.store, order_id, command, causation, &self.clock).await {
            Ok(executed) => Ok(executed),
            Err(ExecuteError::Rejected(rule @ Rule::Premature)) => Err(Failure::retry(rule)),
            Err(error) => Err(error.into()),
        }
    }
}

impl EventHandler for Orders {
    type Event = OrderInput;

    /// Handles one event.
    ///
    /// The stream itself is the record of what was handled: an event that has taken effect decides
    /// to nothing, and an event that is appended is published from the stream.
    ///
    /// # Errors
    ///
    /// Retry when the event came before what it follows from, or the store is unavailable.
    /// Permanent when it contradicts what has happened.
    async fn handle(&self, delivery: Delivery<OrderInput>) -> Result<Done, Failure> {
        let order_id = delivery.event.order_id().clone();
        let command = command(delivery.event)?;
        let executed = self.record(&order_id, &command, &delivery.envelope).await?;
        Ok(if executed.events.is_empty() { Done::Duplicate } else { Done::Handled })
    }
}

/// What an event has an order do.
///
/// # Errors
///
/// Permanent, when a payment does not name what was captured: it cannot be held against the total.
fn command(event: OrderInput) -> Result<Command, Failure> {
    Ok(match event {
        OrderInput::PaymentCompleted(PaymentCompleted { payment_id, amount, .. }) => {
            let missing = || DecodeError::field("data.amount", "missing: add the captured amount");
            let amount = amount.ok_or_else(missing).map_err(Failure::permanent)?;
            Command::RecordPayment { payment_id, amount }
        }
        OrderInput::PaymentFailed(_) => Command::RecordPaymentFailure,
        OrderInput::PaymentRefunded(_) => Command::RecordRefund,
        OrderInput::InventoryReservationFailed(_) => Command::RecordShortage,
        OrderInput::ShipmentCreated(shipment) => Command::RecordShipment(shipment),
        OrderInput::ShippingFailed(_) => Command::RecordShippingFailure,
    })
}

//! What other services say about an order.

use catalogue::{Event, PaymentCompleted};
use event_envelope::{AggregateId, DecodeError, Delivery, Envelope};
use event_store::{Causation, EventStore, ExecuteError, Executed, execute};
use runtime::{Clock, Done, Failure};

use crate::domain::{Command, Order, Rule};

/// Takes in one event.
///
/// The stream itself is the record of what was handled: an event that has taken effect decides to
/// nothing, and an event that is appended is published from the stream.
///
/// # Errors
///
/// Retry when the event came before what it follows from, or the store is away. Poison when it
/// contradicts what has happened.
pub async fn handle(
    store: &EventStore,
    clock: &Clock,
    delivery: Delivery<Event>,
) -> Result<Done, Failure> {
    let order_id = delivery.event.order_id().clone();
    let Some(command) = command(delivery.event)? else {
        return Ok(Done::Ignored);
    };
    let executed = record(store, clock, &order_id, &command, &delivery.envelope).await?;
    Ok(if executed.events.is_empty() { Done::Duplicate } else { Done::Handled })
}

/// Records what `cause` says of an order.
pub(crate) async fn record(
    store: &EventStore,
    clock: &Clock,
    order_id: &AggregateId,
    command: &Command,
    cause: &Envelope,
) -> Result<Executed, Failure> {
    match execute::<Order>(store, order_id, command, Causation::Event(cause), clock).await {
        Ok(executed) => Ok(executed),
        Err(ExecuteError::Rejected(rule @ Rule::Premature)) => Err(Failure::retry(rule)),
        Err(error) => Err(error.into()),
    }
}

/// What an event has an order do; nothing, for those of others.
///
/// # Errors
///
/// Poison, when a payment does not say what was captured: it cannot be held against the total.
fn command(event: Event) -> Result<Option<Command>, Failure> {
    Ok(match event {
        Event::PaymentCompleted(PaymentCompleted { payment_id, amount, .. }) => {
            let silent = || DecodeError::field("data.amount", "missing: add the captured amount");
            let amount = amount.ok_or_else(silent).map_err(Failure::permanent)?;
            Some(Command::RecordPayment { payment_id, amount })
        }
        Event::PaymentFailed(_) => Some(Command::RecordPaymentFailure),
        Event::PaymentRefunded(_) => Some(Command::RecordRefund),
        Event::InventoryReservationFailed(_) => Some(Command::RecordShortage),
        Event::ShipmentCreated(shipment) => Some(Command::RecordShipment(shipment)),
        Event::ShippingFailed(_) => Some(Command::RecordShippingFailure),
        Event::OrderCreated(_)
        | Event::OrderPaid(_)
        | Event::OrderShipped(_)
        | Event::OrderCompleted(_)
        | Event::OrderTimedOut(_)
        | Event::OrderResumed(_)
        | Event::OrderCancelled(_)
        | Event::InventoryReserved(_)
        | Event::InventoryReleased(_)
        | Event::PaymentNeedsReview(_)
        | Event::ShippingNeedsReview(_)
        | Event::NotificationSent(_)
        | Event::NotificationFailed(_) => None,
    })
}

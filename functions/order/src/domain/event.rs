//! The part of the catalogue that this service publishes.

use catalogue::{
    Event, OrderCancelled, OrderCompleted, OrderCreated, OrderPaid, OrderResumed, OrderShipped,
    OrderTimedOut,
};
use event_envelope::{DecodeError, Envelope, FromEnvelope};

/// What happened to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderEvent {
    /// It was placed.
    Created(OrderCreated),
    /// It was paid for.
    Paid(OrderPaid),
    /// It is on its way.
    Shipped(OrderShipped),
    /// It is done.
    Completed(OrderCompleted),
    /// It is off.
    Cancelled(OrderCancelled),
    /// It took too long.
    TimedOut(OrderTimedOut),
    /// An operator asks to go on with what was abandoned.
    Resumed(OrderResumed),
}

impl From<OrderEvent> for Event {
    fn from(event: OrderEvent) -> Self {
        match event {
            OrderEvent::Created(event) => event.into(),
            OrderEvent::Paid(event) => event.into(),
            OrderEvent::Shipped(event) => event.into(),
            OrderEvent::Completed(event) => event.into(),
            OrderEvent::Cancelled(event) => event.into(),
            OrderEvent::TimedOut(event) => event.into(),
            OrderEvent::Resumed(event) => event.into(),
        }
    }
}

impl FromEnvelope for OrderEvent {
    fn from_envelope(envelope: &Envelope) -> Result<Self, DecodeError> {
        match Event::from_envelope(envelope)? {
            Event::OrderCreated(event) => Ok(Self::Created(event)),
            Event::OrderPaid(event) => Ok(Self::Paid(event)),
            Event::OrderShipped(event) => Ok(Self::Shipped(event)),
            Event::OrderCompleted(event) => Ok(Self::Completed(event)),
            Event::OrderCancelled(event) => Ok(Self::Cancelled(event)),
            Event::OrderTimedOut(event) => Ok(Self::TimedOut(event)),
            Event::OrderResumed(event) => Ok(Self::Resumed(event)),
            Event::InventoryReserved(_)
            | Event::InventoryReservationFailed(_)
            | Event::InventoryReleased(_)
            | Event::PaymentCompleted(_)
            | Event::PaymentFailed(_)
            | Event::PaymentRefunded(_)
            | Event::PaymentNeedsReview(_)
            | Event::ShipmentCreated(_)
            | Event::ShippingFailed(_)
            | Event::ShippingNeedsReview(_)
            | Event::NotificationSent(_)
            | Event::NotificationFailed(_) => {
                Err(DecodeError::UnknownType(envelope.event_type.clone()))
            }
        }
    }
}

//! What an order is, and what may happen to it.

use event_envelope::{AggregateId, DecodeError, Draft, Envelope, FromEnvelope};
use event_store::Decider;
use events::{
    CancelReason, Event, Money, OrderCancelled, OrderCompleted, OrderCreated, OrderPaid,
    OrderShipped, ShipmentCreated,
};
use serde_json::Value;
use time::OffsetDateTime;

/// What somebody wants of an order, or says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A customer wants these goods.
    Place(OrderCreated),
    /// The customer wants them no more.
    Cancel,
    /// The payment was captured.
    RecordPayment {
        /// The payment.
        payment_id: String,
        /// What was captured, if the news says so.
        amount: Option<Money>,
    },
    /// The payment was refused.
    RecordPaymentFailure,
    /// The payment went back.
    RecordRefund,
    /// There is too little stock.
    RecordShortage,
    /// The carrier has the goods.
    RecordShipment(ShipmentCreated),
    /// The goods will not be delivered.
    RecordShippingFailure,
}

/// Just enough of an order to decide what may happen next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Order {
    /// Nothing has happened.
    #[default]
    Absent,
    /// Placed, not paid for.
    Created(Placed),
    /// Paid for, not on its way.
    Paid(Placed),
    /// On its way.
    Shipped(Placed),
    /// Done.
    Completed,
    /// Off.
    Cancelled,
}

/// What was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    order_id: AggregateId,
    total: Money,
}

/// The rule that a command breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Nobody placed this order.
    #[error("the order does not exist")]
    Absent,
    /// The news came before what it follows from, which may still come.
    #[error("the order is not yet where this can happen")]
    Premature,
    /// The goods have left.
    #[error("the order is on its way and cannot be cancelled")]
    AlreadyShipped,
    /// Another amount was captured than was ordered.
    #[error("{captured} was captured for an order of {total}")]
    AmountMismatch {
        /// What was captured.
        captured: Money,
        /// What was ordered.
        total: Money,
    },
    /// The news contradicts what has happened.
    #[error("this cannot happen to an order that has come so far")]
    Contradiction,
}

impl Decider for Order {
    type Command = Command;
    type Event = OrderEvent;
    type Error = Rule;

    fn decide(&self, command: &Command) -> Result<Vec<OrderEvent>, Rule> {
        use Command::{
            Cancel, Place, RecordPayment, RecordPaymentFailure, RecordRefund, RecordShipment,
            RecordShippingFailure, RecordShortage,
        };
        match (self, command) {
            (Self::Absent, Place(order)) => Ok(vec![OrderEvent::Created(order.clone())]),
            (Self::Absent, Cancel) => Err(Rule::Absent),
            (
                Self::Absent,
                RecordPayment { .. } | RecordPaymentFailure | RecordRefund | RecordShortage
                | RecordShipment(_) | RecordShippingFailure,
            ) => Err(Rule::Premature),

            (Self::Created(order), RecordPayment { payment_id, amount }) => {
                order.paid(payment_id, *amount)
            }
            (Self::Created(_), RecordShipment(_)) => Err(Rule::Premature),
            (Self::Paid(_) | Self::Shipped(_), RecordShipment(shipment)) => {
                Ok(self.shipped(shipment))
            }

            (Self::Created(order) | Self::Paid(order), Cancel) => {
                order.cancelled(CancelReason::CustomerRequest)
            }
            (Self::Created(order) | Self::Paid(order), RecordShippingFailure) => {
                order.cancelled(CancelReason::ShippingFailed)
            }
            (Self::Created(order) | Self::Paid(order), RecordRefund) => {
                order.cancelled(CancelReason::PaymentRefunded)
            }
            (Self::Created(order), RecordPaymentFailure) => {
                order.cancelled(CancelReason::PaymentFailed)
            }
            (Self::Created(order), RecordShortage) => order.cancelled(CancelReason::OutOfStock),

            (Self::Shipped(_) | Self::Completed, Cancel) => Err(Rule::AlreadyShipped),
            (Self::Paid(_), RecordPaymentFailure | RecordShortage)
            | (
                Self::Shipped(_) | Self::Completed,
                RecordPaymentFailure | RecordRefund | RecordShortage | RecordShippingFailure,
            ) => Err(Rule::Contradiction),

            // It has taken effect: a repetition changes nothing.
            (
                Self::Created(_) | Self::Paid(_) | Self::Shipped(_) | Self::Completed
                | Self::Cancelled,
                Place(_),
            )
            | (Self::Paid(_) | Self::Shipped(_) | Self::Completed, RecordPayment { .. })
            | (Self::Completed, RecordShipment(_))
            // Whatever was under way when the order was cancelled is undone by its own service.
            | (
                Self::Cancelled,
                Cancel | RecordPayment { .. } | RecordPaymentFailure | RecordRefund
                | RecordShortage | RecordShipment(_) | RecordShippingFailure,
            ) => Ok(vec![]),
        }
    }

    fn evolve(self, event: &OrderEvent) -> Self {
        let placed = match self {
            Self::Created(order) | Self::Paid(order) | Self::Shipped(order) => Some(order),
            Self::Absent | Self::Completed | Self::Cancelled => None,
        };
        match (event, placed) {
            (OrderEvent::Created(order), _) => {
                Self::Created(Placed { order_id: order.order_id.clone(), total: order.total })
            }
            (OrderEvent::Paid(_), Some(order)) => Self::Paid(order),
            (OrderEvent::Shipped(_), Some(order)) => Self::Shipped(order),
            (OrderEvent::Completed(_), _) => Self::Completed,
            (OrderEvent::Cancelled(_), _) => Self::Cancelled,
            // A stream begins with its creation; without it nothing else is believed.
            (OrderEvent::Paid(_) | OrderEvent::Shipped(_), None) => Self::Absent,
        }
    }

    fn draft(
        event: &OrderEvent,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value> {
        Event::from(event.clone()).draft(aggregate, sequence, at)
    }
}

impl Order {
    fn shipped(&self, shipment: &ShipmentCreated) -> Vec<OrderEvent> {
        let order_id = shipment.order_id.clone();
        let shipped = OrderEvent::Shipped(OrderShipped {
            order_id: order_id.clone(),
            shipment_id: shipment.shipment_id.clone(),
            carrier: shipment.carrier.clone(),
            tracking_number: shipment.tracking_number.clone(),
        });
        let completed = OrderEvent::Completed(OrderCompleted { order_id });
        match self {
            Self::Shipped(_) => vec![completed],
            Self::Absent | Self::Created(_) | Self::Paid(_) | Self::Completed | Self::Cancelled => {
                vec![shipped, completed]
            }
        }
    }
}

impl Placed {
    fn paid(&self, payment_id: &str, amount: Option<Money>) -> Result<Vec<OrderEvent>, Rule> {
        let captured = amount.unwrap_or(self.total);
        if captured != self.total {
            return Err(Rule::AmountMismatch { captured, total: self.total });
        }
        Ok(vec![OrderEvent::Paid(OrderPaid {
            order_id: self.order_id.clone(),
            payment_id: payment_id.to_owned(),
            amount: self.total,
        })])
    }

    fn cancelled(&self, reason: CancelReason) -> Result<Vec<OrderEvent>, Rule> {
        let order_id = self.order_id.clone();
        Ok(vec![OrderEvent::Cancelled(OrderCancelled { order_id, reason })])
    }
}

/// What happened to an order: the part of the catalogue that this service publishes.
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
}

impl From<OrderEvent> for Event {
    fn from(event: OrderEvent) -> Self {
        match event {
            OrderEvent::Created(event) => event.into(),
            OrderEvent::Paid(event) => event.into(),
            OrderEvent::Shipped(event) => event.into(),
            OrderEvent::Completed(event) => event.into(),
            OrderEvent::Cancelled(event) => event.into(),
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
            Event::InventoryReserved(_)
            | Event::InventoryReservationFailed(_)
            | Event::InventoryReleased(_)
            | Event::PaymentCompleted(_)
            | Event::PaymentFailed(_)
            | Event::PaymentRefunded(_)
            | Event::ShipmentCreated(_)
            | Event::ShippingFailed(_)
            | Event::NotificationSent(_)
            | Event::NotificationFailed(_) => {
                Err(DecodeError::UnknownType(envelope.event_type.clone()))
            }
        }
    }
}

#[cfg(test)]
mod tests;

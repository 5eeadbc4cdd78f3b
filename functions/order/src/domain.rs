//! What an order is, and what may happen to it.

mod event;
mod resumption;

use catalogue::{
    Awaited, CancelReason, Event, Money, OrderCancelled, OrderCompleted, OrderCreated, OrderPaid,
    OrderResumed, OrderShipped, OrderTimedOut, ShipmentCreated,
};
use event_envelope::{AggregateId, Draft};
use event_store::Decider;
use serde_json::Value;
use time::OffsetDateTime;

pub use event::OrderEvent;
pub use resumption::{Dated, Resume, Resumption};

/// What a customer or an operator wants of an order, or an event means for it.
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
        /// What was captured.
        amount: Money,
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
    /// What the order waits for did not come in time.
    TimeOut {
        /// What it waited for when that was found. An order that has gone on since is left alone.
        awaited: Awaited,
        /// How long that may take, in seconds.
        within: u64,
    },
    /// An operator has removed what stood in the way of this order.
    Resume(AggregateId),
}

/// Just enough of an order to decide what may happen next.
///
/// What follows from a command, in whatever order commands come, is the table of
/// [`decide`](Decider::decide):
///
/// | | Place | Cancel | paid | payment failed | out of stock | shipped | not deliverable | refunded | timed out | resumed |
/// |---|---|---|---|---|---|---|---|---|---|---|
/// | *absent* | created | 404 | later | later | later | later | later | later | dead-lettered | 404 |
/// | created | – | cancelled | paid | cancelled | cancelled | later | cancelled | cancelled | timed out, cancelled | resumed |
/// | paid | – | cancelled | – | dead-lettered | dead-lettered | shipped, completed | cancelled | cancelled | timed out, cancelled | resumed |
/// | shipped | – | 409 | – | dead-lettered | dead-lettered | completed | dead-lettered | dead-lettered | – | 409 |
/// | completed | – | 409 | – | dead-lettered | dead-lettered | – | dead-lettered | dead-lettered | – | 409 |
/// | cancelled | – | – | – | – | – | – | – | – | – | resumed |
///
/// – : nothing is left to do. *later*: the record is delivered again. *dead-lettered*: the event
/// contradicts what has happened. *timed out* is about what the order waits for: its payment once
/// it is created, its shipment once it is paid; an order that has gone on since is left alone.
/// *shipped* is a state of streams of an earlier version: the order completes in the write that
/// ships it.
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
    /// The order was never placed.
    #[error("the order does not exist")]
    Absent,
    /// The event came before what it follows from, which may still come.
    #[error("the order is not yet where this can happen")]
    Premature,
    /// The goods have left.
    #[error("the order is on its way and cannot be cancelled")]
    AlreadyShipped,
    /// The order was paid for and shipped: no service has abandoned a step of it.
    #[error("the order is on its way, and no step of it was abandoned")]
    NothingToResume,
    /// Another amount was captured than was ordered.
    #[error("{captured} was captured for an order of {total}")]
    AmountMismatch {
        /// What was captured.
        captured: Money,
        /// What was ordered.
        total: Money,
    },
    /// The event contradicts what has happened.
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
            RecordShippingFailure, RecordShortage, Resume, TimeOut,
        };
        match (self, command) {
            (Self::Absent, Place(order)) => Ok(vec![OrderEvent::Created(order.clone())]),
            (Self::Absent, Cancel | TimeOut { .. } | Resume(_)) => Err(Rule::Absent),
            (
                Self::Absent,
                RecordPayment { .. } | RecordPaymentFailure | RecordRefund | RecordShortage
                | RecordShipment(_) | RecordShippingFailure,
            ) => Err(Rule::Premature),

            (Self::Created(order), RecordPayment { payment_id, amount }) => {
                order.paid(payment_id, *amount)
            }
            (Self::Created(_), RecordShipment(_)) => Err(Rule::Premature),
            (Self::Paid(order), RecordShipment(shipment)) => {
                Ok(vec![order.shipped(shipment), order.completed()])
            }
            (Self::Shipped(order), RecordShipment(_)) => Ok(vec![order.completed()]),

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
            (Self::Created(order), TimeOut { awaited: awaited @ Awaited::Payment, within })
            | (Self::Paid(order), TimeOut { awaited: awaited @ Awaited::Shipment, within }) => {
                order.timed_out(*awaited, *within)
            }
            // The steps that are abandoned are those that undo an order; of one under way, a step
            // may be late.
            (Self::Created(_) | Self::Paid(_) | Self::Cancelled, Resume(order_id)) => {
                Ok(vec![OrderEvent::Resumed(OrderResumed { order_id: order_id.clone() })])
            }
            (Self::Shipped(_) | Self::Completed, Resume(_)) => Err(Rule::NothingToResume),

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
            // It has gone on since it was found to be late.
            | (Self::Created(_), TimeOut { awaited: Awaited::Shipment, .. })
            | (Self::Paid(_), TimeOut { awaited: Awaited::Payment, .. })
            | (Self::Shipped(_) | Self::Completed | Self::Cancelled, TimeOut { .. })
            // A step that was under way when the order was cancelled is undone by its own service.
            | (
                Self::Cancelled,
                Cancel | RecordPayment { .. } | RecordPaymentFailure | RecordRefund
                | RecordShortage | RecordShipment(_) | RecordShippingFailure,
            ) => Ok(vec![]),
        }
    }

    fn evolve(self, event: &OrderEvent) -> Self {
        match (event, self) {
            (OrderEvent::Created(order), _) => {
                Self::Created(Placed { order_id: order.order_id.clone(), total: order.total })
            }
            (
                OrderEvent::Paid(_),
                Self::Created(order) | Self::Paid(order) | Self::Shipped(order),
            ) => Self::Paid(order),
            (
                OrderEvent::Shipped(_),
                Self::Created(order) | Self::Paid(order) | Self::Shipped(order),
            ) => Self::Shipped(order),
            (OrderEvent::Completed(_), _) => Self::Completed,
            (OrderEvent::Cancelled(_), _) => Self::Cancelled,
            (OrderEvent::TimedOut(_) | OrderEvent::Resumed(_), unchanged) => unchanged,
            // A stream begins with its creation; without it nothing else is believed.
            (
                OrderEvent::Paid(_) | OrderEvent::Shipped(_),
                Self::Absent | Self::Completed | Self::Cancelled,
            ) => Self::Absent,
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

impl Placed {
    fn paid(&self, payment_id: &str, captured: Money) -> Result<Vec<OrderEvent>, Rule> {
        if captured != self.total {
            return Err(Rule::AmountMismatch { captured, total: self.total });
        }
        Ok(vec![OrderEvent::Paid(OrderPaid {
            order_id: self.order_id.clone(),
            payment_id: payment_id.to_owned(),
            amount: self.total,
        })])
    }

    fn shipped(&self, shipment: &ShipmentCreated) -> OrderEvent {
        OrderEvent::Shipped(OrderShipped {
            order_id: self.order_id.clone(),
            shipment_id: shipment.shipment_id.clone(),
            carrier: shipment.carrier.clone(),
            tracking_number: shipment.tracking_number.clone(),
        })
    }

    fn completed(&self) -> OrderEvent {
        let order_id = self.order_id.clone();
        OrderEvent::Completed(OrderCompleted { order_id, total: Some(self.total) })
    }

    fn cancelled(&self, reason: CancelReason) -> Result<Vec<OrderEvent>, Rule> {
        let order_id = self.order_id.clone();
        Ok(vec![OrderEvent::Cancelled(OrderCancelled { order_id, reason })])
    }

    fn timed_out(&self, awaited: Awaited, within: u64) -> Result<Vec<OrderEvent>, Rule> {
        let order_id = self.order_id.clone();
        let late = OrderEvent::TimedOut(OrderTimedOut { order_id, awaited, within });
        let cancelled = self.cancelled(CancelReason::TimedOut)?;
        Ok([vec![late], cancelled].concat())
    }
}

#[cfg(test)]
mod tests;

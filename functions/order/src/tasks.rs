//! The tasks of an order's workflow: the same facts as in events of other services, with an answer.
//!
//! | task | fields | meaning |
//! |---|---|---|
//! | `recordPayment` | `paymentId`, `amount` | the payment was captured |
//! | `recordPaymentFailure` | | the payment was refused |
//! | `recordShortage` | | there is too little stock |
//! | `recordShipment` | `shipmentId`, `carrier`, `trackingNumber` | the carrier has the goods |
//! | `recordShippingFailure` | | the goods will not be delivered |
//! | `timeOut` | `awaited`, `within` | `payment` or `shipment` did not come within so many seconds |
//!
//! Each is answered with the order's status after it, also if an event brought that about: the
//! workflow goes by what the order is, and not by what it has asked for. A repeated task gets the
//! status of then.

use catalogue::{Awaited, Money, OrderCreated, ShipmentCreated};
use lambda::{Task, TaskHandler};
use runtime::Failure;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{self, Order},
    handler::Orders,
};

/// What a workflow may ask for. The braces have unknown fields refused: without them serde passes
/// over what comes beside a tag.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    tag = "task",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Command {
    /// The payment was captured.
    RecordPayment {
        /// The payment.
        payment_id: String,
        /// What was captured.
        amount: Money,
    },
    /// The payment was refused.
    RecordPaymentFailure {},
    /// There is too little stock.
    RecordShortage {},
    /// The carrier has the goods.
    RecordShipment {
        /// The shipment.
        shipment_id: String,
        /// The carrier.
        carrier: String,
        /// The carrier's number for it.
        tracking_number: String,
    },
    /// The goods will not be delivered.
    RecordShippingFailure {},
    /// What the order waits for did not come in time.
    TimeOut {
        /// What that is. An order that waits for something else is left alone.
        awaited: Awaited,
        /// Within which time, in seconds.
        within: u64,
    },
}

/// What the workflow receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// How far the order has come.
    pub status: Status,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Placed, not paid for.
    Created,
    /// Paid for, not on its way.
    Paid,
    /// On its way.
    Shipped,
    /// Done.
    Completed,
    /// Off.
    Cancelled,
}

/// The order of a task does not exist: it can never be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the order does not exist")]
struct Absent;

impl TaskHandler for Orders {
    type Command = Command;
    type Event = OrderCreated;
    type Answer = Answer;

    /// Does what a workflow asks for. What is published follows from the task's event.
    ///
    /// # Errors
    ///
    /// Retry when the task came before what it follows from, or the store is unavailable. Permanent
    /// when it contradicts what has happened.
    async fn handle_task(&self, task: Task<Command, OrderCreated>) -> Result<Answer, Failure> {
        let order = task.delivery.event;
        let cause = &task.delivery.envelope;
        let command = command(&order, task.command);
        let executed = self.record(&order.order_id, &command, cause).await?;
        let status = match executed.state::<Order>().map_err(Failure::permanent)? {
            Order::Absent => return Err(Failure::permanent(Absent)),
            Order::Created(_) => Status::Created,
            Order::Paid(_) => Status::Paid,
            Order::Shipped(_) => Status::Shipped,
            Order::Completed => Status::Completed,
            Order::Cancelled => Status::Cancelled,
        };
        Ok(Answer { status })
    }
}

fn command(order: &OrderCreated, asked: Command) -> domain::Command {
    match asked {
        Command::RecordPayment { payment_id, amount } => {
            domain::Command::RecordPayment { payment_id, amount }
        }
        Command::RecordPaymentFailure {} => domain::Command::RecordPaymentFailure,
        Command::RecordShortage {} => domain::Command::RecordShortage,
        Command::RecordShipment { shipment_id, carrier, tracking_number } => {
            let order_id = order.order_id.clone();
            let shipment = ShipmentCreated { order_id, shipment_id, carrier, tracking_number };
            domain::Command::RecordShipment(shipment)
        }
        Command::RecordShippingFailure {} => domain::Command::RecordShippingFailure,
        Command::TimeOut { awaited, within } => domain::Command::TimeOut { awaited, within },
    }
}

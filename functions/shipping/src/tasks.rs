//! What a workflow may ask of shipments, and what it receives.

use catalogue::OrderCreated;
use lambda::{Task, TaskHandler};
use runtime::Failure;
use serde::{Deserialize, Serialize};
use state_machine::Trigger;

use crate::{
    carrier::Carrier,
    domain::{Input, Parcel, Refusal, Shipment},
    handler::{Handler, destination},
};

/// What is to be done about the shipment of an order. The task's event is its `OrderCreated`. The
/// braces have unknown fields refused: without them serde passes over what comes beside a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// Ship the order, which is paid for.
    Ship {},
    /// Call back what was shipped: the order is off.
    Recall {},
}

/// What a workflow receives. It follows from the shipment alone, so that a task that is asked
/// for again has the answer that holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum Answer {
    /// To `ship`: the carrier has it.
    Shipped(Parcel),
    /// To `ship`: the carrier refuses for good.
    Refused(Refusal),
    /// To `ship`: the order was cancelled, before or meanwhile. What was shipped has been
    /// called back, or is about to be.
    #[serde(rename = "calledOff")]
    Cancelled,
    /// To `recall`: the shipment was called back.
    Recalled,
    /// To `recall`: nothing was shipped, and nothing will be.
    NotShipped,
    /// To `recall`: retries are exhausted, or the carrier refuses. It needs manual intervention,
    /// and `OrderResumed` lets it go on.
    NeedsReview,
}

impl Command {
    /// What the workflow receives when the shipment stands like this; None while that is open.
    pub fn answer(self, shipment: &Shipment) -> Option<Answer> {
        match self {
            Self::Ship {} => to_ship(shipment),
            Self::Recall {} => to_recall(shipment),
        }
    }
}

fn to_ship(shipment: &Shipment) -> Option<Answer> {
    match shipment.clone() {
        Shipment::Absent | Shipment::Ordered(_) | Shipment::Paid | Shipment::Shipping(_) => None,
        Shipment::Shipped(parcel) => Some(Answer::Shipped(parcel)),
        Shipment::Refused(refusal) => Some(Answer::Refused(refusal)),
        Shipment::Withdrawn
        | Shipment::Reconciling(_)
        | Shipment::Recalling(_)
        | Shipment::Voided(_)
        | Shipment::ReconcileInReview(_)
        | Shipment::RecallInReview(_) => Some(Answer::Cancelled),
    }
}

fn to_recall(shipment: &Shipment) -> Option<Answer> {
    match shipment {
        Shipment::Absent
        | Shipment::Ordered(_)
        | Shipment::Paid
        | Shipment::Shipping(_)
        | Shipment::Shipped(_)
        | Shipment::Reconciling(_)
        | Shipment::Recalling(_) => None,
        Shipment::Voided(_) => Some(Answer::Recalled),
        Shipment::Withdrawn | Shipment::Refused(_) => Some(Answer::NotShipped),
        Shipment::ReconcileInReview(_) | Shipment::RecallInReview(_) => Some(Answer::NeedsReview),
    }
}

impl<C: Carrier> TaskHandler for Handler<C> {
    type Command = Command;
    type Event = OrderCreated;
    type Answer = Answer;

    /// Does what a workflow asks for, as the events with the same meaning would.
    ///
    /// # Errors
    ///
    /// Retry while the carrier or the store is unavailable, or another invocation holds the lease.
    /// Permanent as for [`handle`](lambda::EventHandler::handle).
    async fn handle_task(&self, task: Task<Command, OrderCreated>) -> Result<Answer, Failure> {
        let created = &task.delivery.event;
        let order = &created.order_id;
        // All of them are applied in one write.
        let inputs = match task.command {
            Command::Ship {} => vec![Input::Created(destination(created)), Input::Paid],
            Command::Recall {} => vec![Input::Cancelled],
        };
        let trigger = Trigger::task(&task.id, task.hash, &task.delivery.envelope);
        let shipment = self.apply(order, trigger, &inputs).await?.state;
        // If another attempt holds the lease, it reads the inputs, and goes on from there.
        let under_way = || Failure::retry(format!("the shipment of {order} is under way"));
        task.command.answer(&shipment).ok_or_else(under_way)
    }
}

//! What a workflow may ask of payments, and what it receives.

use catalogue::{Money, OrderCreated};
use lambda::{Task, TaskHandler};
use runtime::Failure;
use serde::{Deserialize, Serialize};
use state_machine::Trigger;

use crate::{
    domain::{Capture, Charge, Decline, Input, Payment, Refund},
    gateway::PaymentGateway,
    handler::Handler,
};

/// What is to be done about the payment of an order. The task's event is its `OrderCreated`. The
/// braces have unknown fields refused: without them serde passes over what comes beside a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// Charge the order, whose stock is reserved.
    Charge {},
    /// Refund what was charged: the order is off.
    Refund {},
}

/// What a workflow receives. It follows from the payment alone, so that a task that is asked
/// for again has the answer that holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// To `charge`: the money is there.
    Captured {
        /// The payment, by the provider's id.
        payment_id: String,
        /// What was taken.
        amount: Money,
    },
    /// To `charge`: the provider refuses for good.
    Declined {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        reason: String,
    },
    /// To `charge`: the order was cancelled, before or meanwhile. What was taken has been refunded,
    /// or is about to be.
    #[serde(rename = "calledOff")]
    Cancelled,
    /// To `refund`: all that was taken went back.
    Refunded {
        /// The refund, by the provider's id.
        refund_id: String,
        /// What went back.
        amount: Money,
    },
    /// To `refund`: nothing was taken, and nothing will be.
    NothingToRefund,
    /// To `refund`: retries are exhausted. It needs manual intervention, and `OrderResumed` lets it
    /// go on.
    NeedsReview,
}

impl Command {
    /// The inputs of the payment, all of them applied in one write.
    fn inputs(self, charge: Charge) -> Vec<Input> {
        match self {
            Self::Charge {} => vec![Input::Created(charge), Input::Reserved],
            Self::Refund {} => vec![Input::Cancelled],
        }
    }

    /// What the workflow receives when the payment stands like this; None while that is open.
    pub fn answer(self, payment: &Payment) -> Option<Answer> {
        match self {
            Self::Charge {} => to_charge(payment),
            Self::Refund {} => to_refund(payment),
        }
    }
}

fn to_charge(payment: &Payment) -> Option<Answer> {
    match payment.clone() {
        Payment::Absent | Payment::Ordered(_) | Payment::Reserved | Payment::Charging(_) => None,
        Payment::Captured(Capture { payment_id, amount }) => {
            Some(Answer::Captured { payment_id, amount })
        }
        Payment::Declined(Decline { code, reason }) => Some(Answer::Declined { code, reason }),
        Payment::Withdrawn
        | Payment::Revoking(_)
        | Payment::Refunding(_)
        | Payment::Revoked
        | Payment::Refunded(..)
        | Payment::RevokeInReview(_)
        | Payment::RefundInReview(_) => Some(Answer::Cancelled),
    }
}

fn to_refund(payment: &Payment) -> Option<Answer> {
    match payment.clone() {
        Payment::Absent
        | Payment::Ordered(_)
        | Payment::Reserved
        | Payment::Charging(_)
        | Payment::Captured(_)
        | Payment::Revoking(_)
        | Payment::Refunding(_) => None,
        Payment::Refunded(_, Refund { refund_id, amount }) => {
            Some(Answer::Refunded { refund_id, amount })
        }
        Payment::Withdrawn | Payment::Declined(_) | Payment::Revoked => {
            Some(Answer::NothingToRefund)
        }
        Payment::RevokeInReview(_) | Payment::RefundInReview(_) => Some(Answer::NeedsReview),
    }
}

impl<G: PaymentGateway> TaskHandler for Handler<G> {
    type Command = Command;
    type Event = OrderCreated;
    type Answer = Answer;

    /// Does what a workflow asks for, as the events with the same meaning would.
    ///
    /// # Errors
    ///
    /// Retry while the provider or the store is unavailable, or another invocation holds the lease.
    /// Permanent as for [`handle`](lambda::EventHandler::handle).
    async fn handle_task(&self, task: Task<Command, OrderCreated>) -> Result<Answer, Failure> {
        let created = &task.delivery.event;
        let order = &created.order_id;
        let inputs = task.command.inputs(created.into());
        let trigger = Trigger::task(&task.id, task.hash, &task.delivery.envelope);
        let payment = self.apply(order, trigger, &inputs).await?.state;
        // If another attempt holds the lease, it reads the inputs, and goes on from there.
        let under_way = || Failure::retry(format!("the payment of {order} is under way"));
        task.command.answer(&payment).ok_or_else(under_way)
    }
}

//! The tasks of an order's workflow: what events ask for too, with an answer.
//!
//! | task | answers | |
//! |---|---|---|
//! | `reserve` | `reserved` | the goods are taken out of stock for the order |
//! | | `outOfStock`, `shortages` | nothing is: there was too little of these |
//! | | `calledOff` | nothing is: the order was cancelled, before or after |
//! | `release` | `released` | what was reserved is back in stock |
//! | | `nothingReserved` | nothing is reserved, and nothing will be |
//!
//! An answer follows from the reservation once the task has taken effect. An event of the queue may
//! have had the same effect before: a repeated task gets the same answer.

use catalogue::{OrderCreated, Shortage};
use event_envelope::Delivery;
use idempotency::{DynamoDbStore, IdempotencyConfig, Identity};
use lambda::{Task, TaskHandler};
use runtime::Failure;
use serde::{Deserialize, Serialize};
use tower::{Service, ServiceExt};

use crate::{
    domain::{Fact, Reservation, Short},
    handler::{Asked, Inventory, OutOfOrder},
    reservations::ReservationTable,
};

/// What a workflow may ask for. The braces have unknown fields refused: without them serde passes
/// over what comes beside a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// Take all of the order out of stock, or nothing.
    Reserve {},
    /// Put back what is reserved for it.
    Release {},
}

/// What the workflow receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum Answer {
    /// The goods are reserved.
    Reserved,
    /// There is too little stock; nothing is reserved.
    OutOfStock {
        /// One entry a product that is short.
        shortages: Vec<Shortage>,
    },
    /// The order is off; nothing is reserved.
    #[serde(rename = "calledOff")]
    Cancelled,
    /// What was reserved is back in stock.
    Released,
    /// Nothing is reserved.
    NothingReserved,
}

/// Handles the tasks of workflows. By the records of `once`, each takes effect once.
#[derive(Debug, Clone)]
struct InventoryTasks<S> {
    reservations: ReservationTable,
    once: S,
}

impl Inventory {
    /// This inventory as the handler of a workflow's tasks: by the records of `once`, each task
    /// takes effect once.
    pub fn into_tasks(
        self,
        once: IdempotencyConfig<DynamoDbStore>,
    ) -> impl TaskHandler<Command = Command, Event = OrderCreated, Answer = Answer> {
        let reservations = self.reservations.clone();
        InventoryTasks { reservations, once: self.once(once) }
    }
}

impl<S> TaskHandler for InventoryTasks<S>
where
    S: Service<Asked, Error = Failure> + Clone,
{
    type Command = Command;
    type Event = OrderCreated;
    type Answer = Answer;

    /// Does what a workflow asks for.
    ///
    /// # Errors
    ///
    /// Retry when a table is unavailable; permanent when the goods that are to be released have
    /// left.
    async fn handle_task(&self, task: Task<Command, OrderCreated>) -> Result<Answer, Failure> {
        let command = task.command;
        let asked = asked(task);
        let order = asked.order.clone();
        self.once.clone().oneshot(asked).await?;
        let reservation = self.reservations.read(&order).await?;
        answer(command, &reservation)
            .ok_or_else(|| Failure::permanent(OutOfOrder::Contradiction { order, reservation }))
    }
}

fn asked(task: Task<Command, OrderCreated>) -> Asked {
    let Task { command, delivery: Delivery { envelope, event: order, .. }, id, hash } = task;
    let fact = match command {
        Command::Reserve {} => Fact::ordered(&order),
        Command::Release {} => Fact::Cancelled,
    };
    let identity = Identity { key: id, payload_hash: Some(hash), replay_name: None };
    Asked { order: order.order_id, fact, cause: envelope, identity }
}

/// What the workflow receives for an order with this reservation. None: a contradiction.
fn answer(command: Command, reservation: &Reservation) -> Option<Answer> {
    match (command, reservation) {
        // It was reserved, and the workflow has gone on meanwhile.
        (Command::Reserve {}, Reservation::Reserved(_) | Reservation::Shipped) => {
            Some(Answer::Reserved)
        }
        (Command::Reserve {}, Reservation::Failed(Short { shortages })) => {
            Some(Answer::OutOfStock { shortages: shortages.clone() })
        }
        (Command::Reserve {}, Reservation::Released | Reservation::Withdrawn) => {
            Some(Answer::Cancelled)
        }
        (Command::Release {}, Reservation::Released) => Some(Answer::Released),
        (Command::Release {}, Reservation::Failed(_) | Reservation::Withdrawn) => {
            Some(Answer::NothingReserved)
        }
        (Command::Release {}, Reservation::Reserved(_) | Reservation::Shipped)
        | (Command::Reserve {} | Command::Release {}, Reservation::Absent) => None,
    }
}

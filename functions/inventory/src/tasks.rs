//! The tasks of an order's workflow: what events ask for too, with an answer.
//!
//! | task | answers | |
//! |---|---|---|
//! | `reserve` | `reserved` | the goods are taken out of stock for the order |
//! | | `outOfStock`, `shortages` | nothing is: there was too little of these |
//! | | `calledOff` | nothing is: the order was called off, before or after |
//! | `release` | `released` | what was reserved is back in stock |
//! | | `nothingReserved` | nothing is reserved, and nothing will be |
//!
//! An answer is what the reservation says when the task has taken effect, so that the queue may
//! have been faster with the same news: a task that comes again is answered alike.

use catalogue::{Event, Shortage};
use event_envelope::Delivery;
use idempotency::{DynamoDbStore, IdempotencyConfig, Identity};
use lambda::Task;
use runtime::Failure;
use serde::{Deserialize, Serialize};
use tower::{Service, ServiceExt, service_fn};

use crate::{
    domain::{Fact, Reservation, Short},
    handler::{Asked, Inventory, OutOfOrder},
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

/// What the workflow is told.
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

/// Why a task can never be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event of a task is OrderCreated, not {0}")]
struct NoOrder(&'static str);

impl Inventory {
    /// This inventory as the service that a workflow calls: by the records of `guard`, each task
    /// takes effect once.
    ///
    /// # Errors
    ///
    /// Retry when a table is away; poison when the goods that are to be released have left, or
    /// when the event is not the order's own.
    pub fn into_tasks(
        self,
        guard: IdempotencyConfig<DynamoDbStore>,
    ) -> impl Service<Task<Command, Event>, Response = Answer, Error = Failure, Future: Send> + Clone
    {
        let reservations = self.reservations.clone();
        let once = self.once(guard);
        service_fn(move |task: Task<Command, Event>| {
            let (reservations, once) = (reservations.clone(), once.clone());
            // The futures of the SDK are deep: one more layer around them is too much to compile.
            Box::pin(async move {
                let command = task.command;
                let asked = asked(task)?;
                let order = asked.order.clone();
                once.oneshot(asked).await?;
                let reservation = reservations.read(&order).await?;
                answer(command, &reservation).ok_or_else(|| {
                    Failure::permanent(OutOfOrder::Contradiction { order, reservation })
                })
            })
        })
    }
}

fn asked(task: Task<Command, Event>) -> Result<Asked, Failure> {
    let Task { command, delivery: Delivery { envelope, event, .. }, id, hash } = task;
    let Some(ordered @ Fact::Ordered(_)) = Fact::of(&event) else {
        return Err(Failure::permanent(NoOrder(event.entry().event_type)));
    };
    let fact = match command {
        Command::Reserve {} => ordered,
        Command::Release {} => Fact::Cancelled,
    };
    let identity = Identity { key: id, payload_hash: Some(hash), replay_name: None };
    let order = event.order_id().clone();
    Ok(Asked { order, fact: Some(fact), cause: envelope, identity })
}

/// What the workflow is told of an order whose reservation is this. None: it cannot be.
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

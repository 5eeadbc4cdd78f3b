//! One event or task in, one transaction out: stock, reservation, record and answer.

use aws_sdk_dynamodb::Client;
use catalogue::{Event, InventoryReleased};
use event_envelope::{AggregateId, Delivery, Envelope};
use idempotency::{
    Attempt, Completion, ConditionFailed, DynamoDbStore, IdempotencyConfig, IdempotencyError,
    IdempotencyLayer, Identity, Keyed, UnitOfWork,
};
use runtime::{Clock, Done, Failure};
use serde::{Deserialize, Serialize};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::{
    domain::{Fact, Holding, InventoryEvent, Reservation, Step},
    reservations::{End, ReservationTable, read_reservation},
    shard_cache::ShardCache,
    stock::StockTable,
};

/// The reservation is always the first write, so that a failed condition identifies its item.
pub(crate) const RESERVATION: usize = 0;
/// How often an order is begun again after a conflict with other orders. Many orders want the last
/// pieces of a product that is spread over many shards, and each time another one got some.
const ROUNDS_MAX: usize = 5;

/// Handles events about orders.
#[derive(Debug, Clone)]
pub struct Inventory {
    pub(crate) stock: StockTable,
    pub(crate) reservations: ReservationTable,
    pub(crate) shard_cache: ShardCache,
    clock: Clock,
}

/// What the inventory is to do about an order, from an event or a task, and its idempotency key.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) order: AggregateId,
    /// What it means for the inventory.
    pub(crate) fact: Fact,
    /// The cause of the events that follow.
    pub(crate) cause: Envelope,
    pub(crate) identity: Identity,
}

/// What was done, kept for duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// The goods are reserved.
    Reserved,
    /// There was too little stock.
    Refused,
    /// The goods are back in stock.
    Released,
    /// The goods have left.
    Shipped,
    /// The order will not be reserved when its creation is consumed.
    Withdrawn,
    /// Nothing was to be done.
    Nothing,
}

/// Why an event cannot be handled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutOfOrder {
    /// It follows from another event that was not consumed yet. It should be delivered again.
    #[error("{0} was shipped before its goods were reserved")]
    Early(AggregateId),
    /// It contradicts what has happened. Needs manual intervention.
    #[error("this cannot happen to {order}, whose reservation is {reservation:?}")]
    Contradiction {
        /// The order.
        order: AggregateId,
        /// What was known of it.
        reservation: Reservation,
    },
}

/// How the handling of the record ends.
fn done(completion: Completion<Answer>) -> Done {
    match completion {
        Completion::Replayed(_) => Done::Duplicate,
        Completion::ReplayRefused => Done::Ignored,
        Completion::New(Answer::Refused) => Done::Rejected,
        Completion::New(Answer::Nothing) => Done::Ignored,
        Completion::New(
            Answer::Reserved | Answer::Released | Answer::Shipped | Answer::Withdrawn,
        ) => Done::Handled,
    }
}

impl From<Delivery<InventoryEvent>> for Asked {
    fn from(delivery: Delivery<InventoryEvent>) -> Self {
        let identity = Identity {
            key: delivery.idempotency_key(),
            payload_hash: delivery.payload_hash(),
            replay_name: delivery.replay_name(),
        };
        let Delivery { envelope, event, .. } = delivery;
        let order = event.order_id().clone();
        let fact = Fact::of(&event);
        Self { order, fact, cause: envelope, identity }
    }
}

impl Inventory {
    /// Keeps stock and reservations in these two tables.
    pub fn new(client: Client, stock: String, reservations: String, clock: Clock) -> Self {
        Self {
            stock: StockTable::new(client.clone(), stock),
            reservations: ReservationTable::new(client, reservations),
            shard_cache: ShardCache::new(),
            clock,
        }
    }

    /// This inventory as the service that a consumer calls: by the records of `idempotency`,
    /// each event takes effect once.
    pub fn into_service(
        self,
        idempotency: IdempotencyConfig<DynamoDbStore>,
    ) -> impl Service<Delivery<InventoryEvent>, Response = Done, Error = Failure, Future: Send>
    + Clone
    + Send {
        ServiceBuilder::new()
            .map_response(done)
            .map_request(Asked::from)
            .service(self.once(idempotency))
    }

    /// Lets what is asked take effect once.
    pub(crate) fn once(
        self,
        idempotency: IdempotencyConfig<DynamoDbStore>,
    ) -> impl Service<Asked, Response = Completion<Answer>, Error = Failure, Future: Send> + Clone + Send
    {
        let identity = |asked: &Asked| Ok(Some(asked.identity.clone()));
        let idempotent = ServiceBuilder::new()
            .layer(IdempotencyLayer::transactional(idempotency).identify_by(identity))
            .service_fn(move |attempt| self.clone().handle(attempt));
        service_fn(move |asked: Asked| {
            let idempotent = idempotent.clone();
            async move {
                for _ in 1..ROUNDS_MAX {
                    let ended = idempotent.clone().oneshot(asked.clone()).await;
                    if !ended.as_ref().is_err_and(is_contended) {
                        return ended;
                    }
                }
                idempotent.oneshot(asked).await
            }
        })
    }

    /// Decides what follows from what is asked.
    ///
    /// # Errors
    ///
    /// Retry when a table is unavailable, or the event came early; permanent when it contradicts
    /// what has happened.
    async fn handle(self, attempt: Attempt<Asked>) -> Result<UnitOfWork<Answer>, Failure> {
        let Attempt { request: Asked { order, fact, cause, .. }, failed_conditions, .. } = attempt;
        let reservation = self.known_reservation(&order, &fact, &failed_conditions).await?;
        match reservation.decide(&fact) {
            Step::Reserve(items) => self.reserve(&order, &items, &failed_conditions, &cause).await,
            Step::Release(holding) => self.release(&order, &holding, &failed_conditions, &cause),
            Step::Ship(holding) => self.ship(&order, &holding, &failed_conditions),
            Step::Withdraw => Ok(UnitOfWork::new(Answer::Withdrawn)
                .write(self.reservations.open(&order, &Reservation::Withdrawn)?)),
            Step::Wait => Err(Failure::retry(OutOfOrder::Early(order))),
            Step::Contradiction => {
                Err(Failure::permanent(OutOfOrder::Contradiction { order, reservation }))
            }
            Step::Nothing => Ok(UnitOfWork::new(Answer::Nothing)),
        }
    }

    /// A new order is assumed to be unknown, which it nearly always is. If it is not, the condition
    /// fails and returns its reservation.
    async fn known_reservation(
        &self,
        order: &AggregateId,
        fact: &Fact,
        failed_conditions: &[ConditionFailed],
    ) -> Result<Reservation, Failure> {
        let row = failed_conditions.iter().find(|condition| condition.write == RESERVATION);
        match (fact, row.and_then(|it| it.item.clone())) {
            (_, Some(item)) => read_reservation(item),
            (Fact::Ordered(_), None) => Ok(Reservation::Absent),
            (Fact::Cancelled | Fact::Shipped, None) => self.reservations.read(order).await,
        }
    }

    fn release(
        &self,
        order: &AggregateId,
        holding: &Holding,
        failed_conditions: &[ConditionFailed],
        cause: &Envelope,
    ) -> Result<UnitOfWork<Answer>, Failure> {
        let close = self.reservations.close(order, End::Released)?;
        let mut unit = UnitOfWork::new(Answer::Released).write(close);
        for back in holding.returns(|part| is_gone(part, failed_conditions)) {
            unit = unit.write(self.stock.put_back(&back)?);
        }
        let items = holding.reserved_items();
        let event = InventoryReleased { order_id: order.clone(), items };
        Ok(unit.publish(self.event(event, 2, cause)?))
    }

    fn ship(
        &self,
        order: &AggregateId,
        holding: &Holding,
        failed_conditions: &[ConditionFailed],
    ) -> Result<UnitOfWork<Answer>, Failure> {
        let close = self.reservations.close(order, End::Shipped)?;
        let mut unit = UnitOfWork::new(Answer::Shipped).write(close);
        if holding.counted {
            for (index, (product, part)) in holding.parts().into_iter().enumerate() {
                if !is_gone(index, failed_conditions) {
                    unit = unit.write(self.stock.decrement_reserved(product, part)?);
                }
            }
        }
        Ok(unit)
    }

    pub(crate) fn event(
        &self,
        event: impl Into<Event>,
        sequence: u64,
        cause: &Envelope,
    ) -> Result<Envelope, Failure> {
        let event = event.into();
        let draft = event.draft(event.order_id().clone(), sequence, self.clock.now());
        draft.caused_by(cause).map_err(Failure::permanent)
    }
}

/// Whether the item of this part of a reservation does not exist any more. Only an operator
/// removes one.
fn is_gone(part: usize, failed_conditions: &[ConditionFailed]) -> bool {
    failed_conditions
        .iter()
        .any(|condition| condition.write == RESERVATION + 1 + part && condition.item.is_none())
}

fn is_contended(failure: &Failure) -> bool {
    matches!(IdempotencyError::of(failure), Some(IdempotencyError::Contended { .. }))
}

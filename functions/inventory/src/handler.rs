//! One event in, one transaction out: stock, reservation, record and answer.

use aws_sdk_dynamodb::Client;
use clock::Clock;
use event_envelope::{AggregateId, Delivery, Envelope};
use events::{
    Event, InventoryReleased, InventoryReservationFailed, InventoryReserved, ReservedItem,
};
use idempotency::{Attempt, Completion, DynamoDbStore, Guard, IdempotencyLayer, Refused, UnitOfWork};
use outcome::{Done, Failure};
use serde::{Deserialize, Serialize};
use tower::{Service, ServiceBuilder};

use crate::{
    domain::{Fact, Reservation, Step},
    tables::{Tables, read_reservation, shortage},
};

/// The reservation's row is always the first write, so that a refusal tells which rows refused.
const RESERVATION: usize = 0;

/// Handles events about orders.
#[derive(Debug, Clone)]
pub struct Inventory {
    tables: Tables,
    clock: Clock,
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
    /// The order will not be reserved when it comes.
    Withdrawn,
    /// Nothing was to be done.
    Nothing,
}

/// How the handling of the record ends.
fn done(completion: Completion<Answer>) -> Done {
    match completion {
        Completion::Replayed(_) => Done::Duplicate,
        Completion::ReplayRefused => Done::Ignored,
        Completion::New(Answer::Refused) => Done::Rejected,
        Completion::New(Answer::Nothing) => Done::Ignored,
        Completion::New(Answer::Reserved | Answer::Released | Answer::Withdrawn) => Done::Handled,
    }
}

impl Inventory {
    /// Keeps stock and reservations in these two tables.
    pub fn new(client: Client, stock: String, reservations: String, clock: Clock) -> Self {
        Self { tables: Tables::new(client, stock, reservations), clock }
    }

    /// This inventory as the service that a consumer calls: by the records of `guard`, each event
    /// takes effect once.
    pub fn into_service(
        self,
        guard: Guard<DynamoDbStore>,
    ) -> impl Service<Delivery<Event>, Response = Done, Error = Failure, Future: Send> + Clone + Send
    {
        ServiceBuilder::new()
            .map_response(done)
            .layer(IdempotencyLayer::transactional(guard))
            .service_fn(move |attempt| self.clone().handle(attempt))
    }

    /// Decides what follows from one event.
    ///
    /// A new order is assumed to be unknown and in stock, which is nearly always so and costs no
    /// read: the rows that refuse tell what is otherwise.
    ///
    /// # Errors
    ///
    /// Retry when a table is away.
    pub async fn handle(
        self,
        attempt: Attempt<Delivery<Event>>,
    ) -> Result<UnitOfWork<Answer>, Failure> {
        let Attempt { request: Delivery { envelope, event, .. }, refused, .. } = attempt;
        let Some(fact) = Fact::of(&event) else {
            return Ok(UnitOfWork::new(Answer::Nothing));
        };
        let order = event.order_id();
        let reservation = self.known_reservation(order, &fact, &refused).await?;
        match reservation.decide(&fact) {
            Step::Reserve(items) if refused.is_empty() => self.reserve(order, &items, &envelope),
            Step::Reserve(items) => self.refuse(order, &items, &refused, &envelope),
            Step::Release(items) => self.release(order, &items, &envelope),
            Step::Withdraw => Ok(UnitOfWork::new(Answer::Withdrawn)
                .write(self.tables.open(order, &Reservation::Withdrawn)?)),
            Step::Nothing => Ok(UnitOfWork::new(Answer::Nothing)),
        }
    }

    async fn known_reservation(
        &self,
        order: &AggregateId,
        fact: &Fact,
        refused: &[Refused],
    ) -> Result<Reservation, Failure> {
        let row = refused.iter().find(|it| it.write == RESERVATION);
        match (fact, row.and_then(|it| it.item.clone())) {
            (_, Some(item)) => read_reservation(item),
            (Fact::Ordered(_), None) => Ok(Reservation::Absent),
            (Fact::CalledOff, None) => self.tables.reservation(order).await,
        }
    }

    fn reserve(
        &self,
        order: &AggregateId,
        items: &[ReservedItem],
        cause: &Envelope,
    ) -> Result<UnitOfWork<Answer>, Failure> {
        let state = Reservation::Reserved { items: items.to_vec() };
        let mut unit = UnitOfWork::new(Answer::Reserved).write(self.tables.open(order, &state)?);
        for item in items {
            unit = unit.write(self.tables.take(item)?);
        }
        let event = InventoryReserved { order_id: order.clone(), items: items.to_vec() };
        Ok(unit.publish(self.event(event, 1, cause)?))
    }

    fn refuse(
        &self,
        order: &AggregateId,
        items: &[ReservedItem],
        refused: &[Refused],
        cause: &Envelope,
    ) -> Result<UnitOfWork<Answer>, Failure> {
        let short = |row: &Refused| {
            let item = items.get(row.write.checked_sub(RESERVATION + 1)?)?;
            Some(shortage(item, row))
        };
        let event = InventoryReservationFailed {
            order_id: order.clone(),
            reason: "insufficient inventory".to_owned(),
            shortages: refused.iter().filter_map(short).collect(),
        };
        Ok(UnitOfWork::new(Answer::Refused)
            .write(self.tables.open(order, &Reservation::Failed)?)
            .publish(self.event(event, 1, cause)?))
    }

    fn release(
        &self,
        order: &AggregateId,
        items: &[ReservedItem],
        cause: &Envelope,
    ) -> Result<UnitOfWork<Answer>, Failure> {
        let mut unit = UnitOfWork::new(Answer::Released).write(self.tables.close(order)?);
        for item in items {
            unit = unit.write(self.tables.put_back(item)?);
        }
        let event = InventoryReleased { order_id: order.clone(), items: items.to_vec() };
        Ok(unit.publish(self.event(event, 2, cause)?))
    }

    fn event(
        &self,
        event: impl Into<Event>,
        sequence: u64,
        cause: &Envelope,
    ) -> Result<Envelope, Failure> {
        let event = event.into();
        let draft = event.draft(event.order_id().clone(), sequence, self.clock.now());
        draft.caused_by(cause).map_err(Failure::poison)
    }
}

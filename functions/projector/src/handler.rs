//! One event in, one conditional write out; what is missing is pulled.

use catalogue::Event;
use event_envelope::{AggregateId, Delivery, Envelope, FromEnvelope, instant};
use event_store::EventStore;
use lambda::EventHandler;
use projection::{Both, Fold, Guard, LivePlacement, Row, Rows, Write, Written};
use runtime::{Done, Failure};
use time::OffsetDateTime;

use crate::{
    metrics::{self, CountedEvent},
    view::fold,
};

/// How often a row is tried again that another invocation moved forward in between.
const ATTEMPTS_MAX: usize = 5;
/// The attribute that says when an order was placed.
const PLACED_AT: &str = "createdAt";

/// Keeps the rows.
#[derive(Debug, Clone)]
pub struct Projector {
    rows: Rows,
    placement: LivePlacement,
    orders: EventStore,
}

/// What is to be written, and what is counted once it is.
#[derive(Debug, Clone)]
struct Folded {
    fold: Fold,
    counted: Vec<(CountedEvent, OffsetDateTime)>,
}

impl Projector {
    /// Keeps rows in the tables of `placement`, and pulls missing events from `orders`.
    pub const fn new(rows: Rows, placement: LivePlacement, orders: EventStore) -> Self {
        Self { rows, placement, orders }
    }

    /// Moves the row of an order forward in one table.
    async fn take(
        &self,
        table: &str,
        order: &AggregateId,
        folded: Folded,
        is_counted: bool,
    ) -> Result<Done, Failure> {
        if folded.fold.is_gapless {
            self.follow(table, order, folded, is_counted).await
        } else {
            self.advance(table, folded, is_counted).await
        }
    }

    /// Moves the order's section forward to the event, over whatever is missing before it.
    async fn follow(
        &self,
        table: &str,
        order: &AggregateId,
        folded: Folded,
        is_counted: bool,
    ) -> Result<Done, Failure> {
        let sequence = folded.fold.version();
        let mut version = sequence - 1;
        let mut next = folded.clone();
        for _ in 0..ATTEMPTS_MAX {
            let Folded { fold, counted } = next;
            let reached = fold.version();
            let written =
                self.rows.write(table, &Write { fold, guard: Guard::after(version) }).await?;
            version = match written {
                Written::Forward(row) => {
                    count(&counted, placed_at(&row), is_counted);
                    if reached >= sequence {
                        return Ok(Done::Handled);
                    }
                    reached
                }
                Written::At(version) if version >= sequence => return Ok(Done::Duplicate),
                Written::At(version) => version,
            };
            // The event itself need not be in the store any more: a restored backup lacks the
            // last events, which the bus has delivered.
            let is_next = version + 1 == sequence;
            next = if is_next { folded.clone() } else { self.pull(order, version).await? };
        }
        Err(Failure::retry("the row keeps changing"))
    }

    /// What all events after `version` change together.
    async fn pull(&self, order: &AggregateId, version: u64) -> Result<Folded, Failure> {
        let mut pulled: Option<Folded> = None;
        for envelope in self.orders.load(order, version).await? {
            let event = Event::from_envelope(&envelope).map_err(Failure::permanent)?;
            let next = Folded::of(event, &envelope);
            match &mut pulled {
                Some(folded) => folded.then(next),
                None => pulled = Some(next),
            }
        }
        pulled.ok_or_else(|| {
            Failure::retry("the event store does not have the events before this one")
        })
    }

    /// Moves a section forward if it stands anywhere before the event.
    async fn advance(
        &self,
        table: &str,
        Folded { fold, counted }: Folded,
        is_counted: bool,
    ) -> Result<Done, Failure> {
        let guard = fold.guard();
        match self.rows.write(table, &Write { fold, guard }).await? {
            Written::Forward(row) => {
                count(&counted, placed_at(&row), is_counted);
                Ok(Done::Handled)
            }
            Written::At(_) => Ok(Done::Duplicate),
        }
    }

    /// Moves the rows of both tables forward at once, so that a reader who changes from one to the
    /// other never goes back. Where they stand at different events, as while one is built, each is
    /// moved alone: first the one that is not read, of which nothing is counted.
    async fn take_both(
        &self,
        [read, other]: [&str; 2],
        order: &AggregateId,
        folded: Folded,
        is_counted: bool,
    ) -> Result<Done, Failure> {
        let write = Write { fold: folded.fold.clone(), guard: folded.fold.guard() };
        if self.rows.write_both([read, other], &write).await? == Both::Forward {
            let placed_at = self.placed_at(order, &folded, is_counted).await;
            count(&folded.counted, placed_at.as_deref(), is_counted);
            return Ok(Done::Handled);
        }
        self.take(other, order, folded.clone(), false).await?;
        self.take(read, order, folded, is_counted).await
    }

    /// When the order was placed, as its first event has it, if that is counted: a transaction does
    /// not return the row. Where the stream cannot be read it is not known. The event is handled,
    /// and delivered again it would be counted no more.
    async fn placed_at(
        &self,
        order: &AggregateId,
        folded: &Folded,
        is_counted: bool,
    ) -> Option<String> {
        let is_timed = |(event, _): &(CountedEvent, OffsetDateTime)| {
            matches!(event, CountedEvent::OrderShipped(_))
        };
        if !is_counted || !folded.counted.iter().any(is_timed) {
            return None;
        }
        let stream = self.orders.load(order, 0).await.ok()?;
        stream.first().map(|created| instant(created.timestamp))
    }
}

impl EventHandler for Projector {
    type Event = Event;

    /// Takes one event into the row of its order.
    ///
    /// The row's own versions are the record of what was handled: a section only moves forward.
    ///
    /// # Errors
    ///
    /// Retry when a table is unavailable.
    async fn handle(&self, delivery: Delivery<Event>) -> Result<Done, Failure> {
        let Delivery { envelope, event, replay } = delivery;
        // A replay brings what was counted before.
        let is_counted = replay.is_none();
        let order = event.order_id().clone();
        let folded = Folded::of(event, &envelope);
        let placement = self.placement.now().await?;
        let tables = self.placement.tables();
        let read = tables.of(placement.reads);
        match placement.building() {
            None => self.take(read, &order, folded, is_counted).await,
            Some(other) => {
                let both = [read, tables.of(other)];
                self.take_both(both, &order, folded, is_counted).await
            }
        }
    }
}

impl Folded {
    fn of(event: Event, envelope: &Envelope) -> Self {
        let fold = fold(&event, envelope);
        let counted = CountedEvent::try_from(event).ok();
        Self { fold, counted: counted.into_iter().map(|it| (it, envelope.timestamp)).collect() }
    }

    fn then(&mut self, later: Self) {
        self.fold.then(later.fold);
        self.counted.extend(later.counted);
    }
}

/// Counts what moved a row forward.
fn count(events: &[(CountedEvent, OffsetDateTime)], placed_at: Option<&str>, is_counted: bool) {
    for (event, happened) in events.iter().filter(|_| is_counted) {
        metrics::count(event, *happened, placed_at);
    }
}

/// When the order of a row was placed, if the row has that.
fn placed_at(row: &Row) -> Option<&str> {
    row.get(PLACED_AT).and_then(|it| it.as_s().ok()).map(String::as_str)
}

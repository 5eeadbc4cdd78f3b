//! Finds orders that have waited for too long, and cancels them.
//!
//! An order is listed as due when it is placed, and found by its entry when its deadline has come.
//! What happens to it then is decided on its stream. The entry is cleared only when the stream has
//! been seen to be at its end, so that after any failure the order is found again.

use std::time::Duration;

use event_envelope::Actor;
use event_store::{Causation, DueEntries, DueEntry, EventStore, SHARDS, execute};
use futures_util::future::join_all;
use runtime::{Clock, Failure, remaining};
use serde::Serialize;
use time::OffsetDateTime;
use tracing::{Level, error, event, info, warn};

use crate::{
    deadlines::{Deadlines, Found},
    domain::Order,
};

/// The actor of the cancellation of late orders.
pub const ACTOR: &str = "order-sweeper";
/// How many entries are read at a time.
pub const PAGE: u16 = 25;
/// How much time an invocation must have left for one more order: it takes up to five calls.
pub const RESERVE: Duration = Duration::from_secs(3);
/// When to check an order again whose stream cannot be read. Until an operator has repaired it, it
/// would be the first of its shard in each sweep, and enough of them would leave no time for the
/// others.
pub const REST: time::Duration = time::Duration::minutes(15);

/// Sweeps the orders.
#[derive(Debug, Clone)]
pub struct Sweeper {
    store: EventStore,
    deadlines: Deadlines,
    clock: Clock,
}

/// The outcome of a sweep, in orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Swept {
    /// Cancelled, because they were late.
    pub timed_out: u32,
    /// Completed or cancelled: not checked any more.
    pub settled: u32,
    /// Not late yet: checked again when they will be.
    pub waiting: u32,
    /// Not decided on, with a line in the log for each; and shards whose entries could not be read.
    /// What may succeed is tried again in the next sweep.
    pub failed: u32,
    /// Shards that were left before their end, for lack of time. The next sweep goes on there.
    pub unfinished: u32,
}

/// The outcome of a check of an order.
enum Visit {
    TimedOut,
    Settled,
    Waiting,
}

impl Sweeper {
    /// Checks the orders in `store`, which may wait for as long as `deadlines` allow.
    pub fn new(store: EventStore, deadlines: Deadlines, clock: Clock) -> Self {
        Self { store, deadlines, clock }
    }

    /// Checks every order whose deadline has come, as far as the time of the invocation allows
    /// ([`runtime::with_deadline`]).
    ///
    /// Nothing in it fails as a whole: what could not be done is counted, logged, and found again.
    pub async fn sweep(&self) -> Swept {
        let until = self.clock.now();
        let shards = (0..SHARDS).map(|shard| self.sweep_shard(shard, until));
        let swept = join_all(shards).await.into_iter().fold(Swept::default(), Swept::plus);
        let Swept { timed_out, settled, waiting, failed, unfinished } = swept;
        info!(timed_out, settled, waiting, failed, unfinished, "swept");
        event!(
            target: "metrics",
            Level::TRACE,
            monotonic_counter.OrdersTimedOut = u64::from(timed_out),
            monotonic_counter.OrdersUndecided = u64::from(failed),
            monotonic_counter.SweepsUnfinished = u64::from(unfinished),
        );
        swept
    }

    async fn sweep_shard(&self, shard: u8, until: OffsetDateTime) -> Swept {
        let mut swept = Swept::default();
        let mut after = None;
        loop {
            let page = self.store.entries(shard, until, PAGE, after).await;
            let DueEntries { entries, next } = match page {
                Ok(page) => page,
                Err(failure) => {
                    error!(shard, error = runtime::chain(&failure), "entries cannot be read");
                    swept.failed += 1;
                    return swept;
                }
            };
            for entry in entries {
                if remaining().is_some_and(|left| left < RESERVE) {
                    swept.unfinished += 1;
                    return swept;
                }
                match entry {
                    Ok(entry) => swept.count(self.visit(&entry).await),
                    Err(failure) => {
                        error!(shard, error = runtime::chain(&failure), "entry is invalid");
                        swept.failed += 1;
                    }
                }
            }
            after = next;
            if after.is_none() {
                return swept;
            }
        }
    }

    async fn visit(&self, entry: &DueEntry) -> Option<Visit> {
        let order_id = entry.aggregate.as_str();
        match self.decide(entry).await {
            Ok(visit) => Some(visit),
            Err(failure) if failure.is_retry() => {
                warn!(order_id, %failure, outcome = "retry", "order not decided on");
                None
            }
            Err(failure) => {
                error!(order_id, %failure, outcome = "permanent_failure", "order cannot be decided on");
                if let Err(failure) = self.store.reschedule(entry, self.clock.now() + REST).await {
                    warn!(order_id, error = runtime::chain(&failure), "entry not moved");
                }
                None
            }
        }
    }

    async fn decide(&self, entry: &DueEntry) -> Result<Visit, Failure> {
        let stream = self.store.load(&entry.aggregate, 0).await?;
        match self.deadlines.check(&stream, self.clock.now()).map_err(Failure::permanent)? {
            Found::Settled => {
                self.store.clear_due(entry).await?;
                Ok(Visit::Settled)
            }
            Found::Waiting(deadline) => {
                self.store.reschedule(entry, deadline).await?;
                Ok(Visit::Waiting)
            }
            Found::Late { command, since } => {
                let actor = Actor { id: Some(ACTOR.to_owned()), ..Actor::default() };
                let causation = Causation::EventBy(since, &actor);
                let order_id = &entry.aggregate;
                let executed =
                    execute::<Order>(&self.store, order_id, &command, causation, &self.clock)
                        .await?;
                if executed.events.is_empty() {
                    // It has gone on since it was read. The next sweep sees how far.
                    return Ok(Visit::Waiting);
                }
                info!(order_id = order_id.as_str(), "order timed out");
                self.store.clear_due(entry).await?;
                Ok(Visit::TimedOut)
            }
        }
    }
}

impl Swept {
    fn count(&mut self, visit: Option<Visit>) {
        let orders = match visit {
            Some(Visit::TimedOut) => &mut self.timed_out,
            Some(Visit::Settled) => &mut self.settled,
            Some(Visit::Waiting) => &mut self.waiting,
            None => &mut self.failed,
        };
        *orders += 1;
    }

    fn plus(self, other: Self) -> Self {
        Self {
            timed_out: self.timed_out + other.timed_out,
            settled: self.settled + other.settled,
            waiting: self.waiting + other.waiting,
            failed: self.failed + other.failed,
            unfinished: self.unfinished + other.unfinished,
        }
    }
}

//! Records hosted in the one item that a handler owns: what it has seen, what it says next, and
//! the lease on the effect that is due, all in one conditional write.

use std::{num::NonZeroU32, slice, time::Duration};

use aws_sdk_dynamodb::Client;
use clock::{Clock, Tokens};
use event_envelope::AggregateId;
use idempotency::IdempotencyError;
use outcome::{Done, Failure};

use crate::{
    Cause, Due, Machine,
    attempt::{ATTEMPTS_MAX, log_given_up},
    row::{Admission, Row},
    table::Saved,
};

/// After how many failed attempts a machine is asked to give an effect up, unless the host is told
/// otherwise. A queue that redrives after ten receives has then not lost sight of the record yet.
pub const REVIEW_AFTER: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);
/// Why an effect is given up of which no attempt said how it ended.
const UNANSWERED: &str = "no answer of the last attempt is known";

/// Where machines live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSettings {
    /// The table.
    pub table: String,
    /// Its partition key, of type string.
    pub key: &'static str,
    /// How long an effect may take before another delivery may try it. Longer than the function's
    /// timeout means that a live holder is never robbed.
    pub lease: Duration,
}

/// Runs [`Machine`]s, each in an item of its own.
#[derive(Debug, Clone)]
pub struct Host {
    pub(crate) client: Client,
    pub(crate) settings: HostSettings,
    pub(crate) review_after: NonZeroU32,
    pub(crate) clock: Clock,
    pub(crate) tokens: Tokens,
}

impl Host {
    /// Hosts machines by `settings`.
    pub const fn new(client: Client, settings: HostSettings, clock: Clock, tokens: Tokens) -> Self {
        Self { client, settings, review_after: REVIEW_AFTER, clock, tokens }
    }

    /// The same host, whose machines are asked to give an effect up after so many failed
    /// `attempts`, in place of [`REVIEW_AFTER`]. Fewer than the receives after which the queue
    /// redrives, or the record is in the dead-letter queue before anything was said.
    #[must_use]
    pub fn review_after(self, attempts: NonZeroU32) -> Self {
        Self { review_after: attempts, ..self }
    }

    /// Tells the machine `key` the `fact` that `cause` brings, and has whatever effects are then
    /// due.
    ///
    /// Every write is conditional on the revision that was read, and carries the events that the
    /// step says in `outbox`, so that state, record and outbox are one. An effect is had under a
    /// lease in the same item; a holder that lost it writes nothing.
    ///
    /// Notes of causes are kept up to a hundred, twenty of them of causes that changed nothing. The
    /// oldest makes room: no cause is ever refused because there were so many.
    ///
    /// An effect that failed too often, or can never succeed, is given up if the machine lets it
    /// be ([`Machine::give_up`]): what the machine says then is written under the same lease, and
    /// the delivery is done.
    ///
    /// # Errors
    ///
    /// Retry when the store is away, another delivery holds the lease, or `perform` says so.
    /// Poison when the same id came before and said something else, or `perform` says so.
    pub async fn handle<'a, M, P>(
        &self,
        key: &AggregateId,
        cause: impl Into<Cause<'a>>,
        fact: M::Fact,
        perform: P,
    ) -> Result<Done, Failure>
    where
        M: Machine,
        P: AsyncFn(Due<M::Effect>) -> Result<M::Fact, Failure>,
    {
        self.handle_all::<M, P>(key, cause, slice::from_ref(&fact), perform).await
    }

    /// As [`handle`](Self::handle), for a cause that brings several facts: the machine is told all
    /// of them in one write, in this order.
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle).
    pub async fn handle_all<'a, M, P>(
        &self,
        key: &AggregateId,
        cause: impl Into<Cause<'a>>,
        facts: &[M::Fact],
        perform: P,
    ) -> Result<Done, Failure>
    where
        M: Machine,
        P: AsyncFn(Due<M::Effect>) -> Result<M::Fact, Failure>,
    {
        let cause = cause.into();
        let mut done = Done::Duplicate;
        for _ in 0..ATTEMPTS_MAX {
            let mut row: Row<M> = self.load(key).await?;
            let admission = row.hear(&cause, facts, key, self.clock.now())?;
            let Some(effect) = row.state.due() else {
                if admission == Admission::Seen {
                    return Ok(done);
                }
                match self.save(key, row).await? {
                    Saved::Written => return Ok(Done::Handled),
                    Saved::Overtaken => continue,
                }
            };
            if let Some(left) = row.held_for(self.clock.now()) {
                if admission == Admission::Seen {
                    let (id, left) = (key.to_string(), Some(left));
                    return Err(IdempotencyError::InProgress { id, left }.into());
                }
                // The holder meets this fact when it writes: its revision is then out of date.
                match self.save(key, row).await? {
                    Saved::Written => return Ok(Done::Handled),
                    Saved::Overtaken => continue,
                }
            }
            let stepped = match self.overdue(&row, &effect) {
                Some(fact) => self.give_up(key, &cause, row, &fact).await?,
                None => self.perform(key, &cause, row, effect, &perform).await?,
            };
            if stepped {
                done = Done::Handled;
            }
        }
        Err(IdempotencyError::Contended { id: key.to_string() }.into())
    }

    /// The state of the machine `key` as it is now; its default, when nothing was told it yet.
    ///
    /// # Errors
    ///
    /// Retry when the store is away. Poison when what is stored is no such machine.
    pub async fn look<M: Machine>(&self, key: &AggregateId) -> Result<M, Failure> {
        let row: Row<M> = self.load(key).await?;
        Ok(row.state)
    }

    /// Tells the machine that its effect is given up, by the `fact` that says so. False when
    /// somebody else was first.
    async fn give_up<M: Machine>(
        &self,
        key: &AggregateId,
        cause: &Cause<'_>,
        mut row: Row<M>,
        fact: &M::Fact,
    ) -> Result<bool, Failure> {
        let attempts = row.attempts;
        // Whoever was at it and comes late has lost its lease.
        row.leave_trace(&self.tokens.draw());
        row.apply(fact, cause.envelope, key, self.clock.now())?;
        if self.save(key, row).await? == Saved::Overtaken {
            return Ok(false);
        }
        log_given_up(key, attempts, &UNANSWERED);
        Ok(true)
    }

    /// The fact that an effect is given up whose last attempts left no answer, not even that they
    /// failed: another one would fare no better, and nobody would ever be told.
    fn overdue<M: Machine>(&self, row: &Row<M>, effect: &M::Effect) -> Option<M::Fact> {
        let is_overdue = row.attempts >= self.review_after.get();
        is_overdue.then(|| M::give_up(effect, row.attempts, UNANSWERED)).flatten()
    }
}

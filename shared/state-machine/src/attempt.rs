//! One attempt at an effect: under its lease, until it is answered, failed, or given up.

use std::fmt::Display;

use event_envelope::AggregateId;
use outcome::{Failure, chain};

use idempotency::IdempotencyError;

use crate::{Cause, Due, Host, Machine, row::Row, table::Saved};

/// How often a row is loaded and changed again when somebody else wrote it in between.
pub(crate) const ATTEMPTS_MAX: usize = 8;
/// How much of a reason a machine is told, in characters: it goes into an event.
const REASON_LENGTH_MAX: usize = 500;

/// An attempt, and the token that fences it.
struct Attempt<'a, E> {
    key: &'a AggregateId,
    cause: &'a Cause<'a>,
    effect: E,
    /// How many attempts at this effect there were, this one included.
    count: u32,
    owner: String,
}

/// How a machine stands after an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// What failed is still due.
    Due,
    /// What failed is not due any more, by a fact that came in meanwhile.
    Moot,
    /// The machine has given it up.
    GivenUp,
}

impl Host {
    /// Takes the lease, has the effect, and tells the machine what it led to. False when somebody
    /// else was first.
    pub(crate) async fn perform<M, P>(
        &self,
        key: &AggregateId,
        cause: &Cause<'_>,
        mut row: Row<M>,
        effect: M::Effect,
        perform: &P,
    ) -> Result<bool, Failure>
    where
        M: Machine,
        P: AsyncFn(Due<M::Effect>) -> Result<M::Fact, Failure>,
    {
        let owner = self.tokens.draw();
        let resumed = row.lease.is_some();
        row.take_lease(&owner, self.clock.now() + self.settings.lease);
        let attempt = Attempt { key, cause, effect, count: row.attempts, owner };
        if self.save(key, row).await? == Saved::Overtaken {
            return Ok(false);
        }
        match perform(Due { effect: attempt.effect.clone(), resumed, attempt: attempt.count }).await
        {
            Ok(answer) => self.tell::<M>(&attempt, &answer).await?,
            Err(failure) => self.fail::<M>(&attempt, failure).await?,
        }
        Ok(true)
    }

    /// Tells the machine what its effect led to, and ends the lease.
    async fn tell<M: Machine>(
        &self,
        attempt: &Attempt<'_, M::Effect>,
        answer: &M::Fact,
    ) -> Result<(), Failure> {
        let told = self.amend(attempt.key, &attempt.owner, |row: &mut Row<M>| {
            row.end_lease();
            row.apply(answer, attempt.cause.envelope, attempt.key, self.clock.now())
        });
        match told.await {
            Ok(Some(())) => Ok(()),
            Ok(None) => Err(attempt.lease_lost()),
            Err(failure) => {
                self.release::<M>(attempt).await;
                Err(failure)
            }
        }
    }

    /// Ends the lease of an attempt that failed, and has the machine give its effect up if it was
    /// tried often enough. The failure is the delivery's, unless nobody waits for the effect any
    /// more: what is due instead is then had by the same delivery.
    async fn fail<M: Machine>(
        &self,
        attempt: &Attempt<'_, M::Effect>,
        failure: Failure,
    ) -> Result<(), Failure> {
        let fact = self.gives_up::<M>(attempt, &failure);
        let after = self.amend(attempt.key, &attempt.owner, |row: &mut Row<M>| {
            row.leave_trace(&attempt.owner);
            if row.state.due().as_ref() != Some(&attempt.effect) {
                return Ok(After::Moot);
            }
            let Some(fact) = &fact else { return Ok(After::Due) };
            row.apply(fact, attempt.cause.envelope, attempt.key, self.clock.now())?;
            Ok(After::GivenUp)
        });
        match (after.await, fact.is_some()) {
            (Ok(Some(After::GivenUp)), _) => {
                log_given_up(attempt.key, attempt.count, &failure);
                Ok(())
            }
            (Ok(Some(After::Moot)), _) => {
                tracing::info!(key = %attempt.key, %failure, "what failed is not due any more");
                Ok(())
            }
            (Ok(Some(After::Due)), _) | (Ok(None), false) => Err(failure),
            (Ok(None), true) => Err(attempt.lease_lost()),
            // The next delivery gives up, or tries once more: this one must not be acknowledged.
            (Err(error), true) => {
                self.release::<M>(attempt).await;
                Err(error)
            }
            (Err(error), false) => {
                tracing::warn!(key = %attempt.key, %error, "lease was not released");
                Err(failure)
            }
        }
    }

    /// The fact that the effect is given up, if it was tried often enough, or can never succeed.
    fn gives_up<M: Machine>(
        &self,
        attempt: &Attempt<'_, M::Effect>,
        failure: &Failure,
    ) -> Option<M::Fact> {
        let (reason, is_final) = match failure {
            Failure::Retry { reason, .. } => (reason, attempt.count >= self.review_after.get()),
            Failure::Poison { reason } => (reason, true),
        };
        let reason: String = chain(reason.as_ref()).chars().take(REASON_LENGTH_MAX).collect();
        is_final.then(|| M::give_up(&attempt.effect, attempt.count, &reason)).flatten()
    }

    /// Ends a lease early, keeping the trace of the attempt. Best effort: it ends by itself.
    async fn release<M: Machine>(&self, attempt: &Attempt<'_, M::Effect>) {
        let released = self.amend(attempt.key, &attempt.owner, |row: &mut Row<M>| {
            row.leave_trace(&attempt.owner);
            Ok(())
        });
        if let Err(failure) = released.await {
            tracing::warn!(key = %attempt.key, %failure, "lease was not released");
        }
    }

    /// Changes the row that `owner` holds, as it is now: facts may have come in meanwhile. None
    /// when somebody else holds it, or nobody does.
    async fn amend<M: Machine, T>(
        &self,
        key: &AggregateId,
        owner: &str,
        change: impl Fn(&mut Row<M>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        for _ in 0..ATTEMPTS_MAX {
            let mut row = self.load(key).await?;
            if !row.is_held_by(owner) {
                return Ok(None);
            }
            let changed = change(&mut row)?;
            if self.save(key, row).await? == Saved::Written {
                return Ok(Some(changed));
            }
        }
        Err(IdempotencyError::Contended { id: key.to_string() }.into())
    }
}

/// Logs that an effect of the machine `key` is given up. Alarms count this line by its message.
pub(crate) fn log_given_up(key: &AggregateId, attempts: u32, failure: &dyn Display) {
    tracing::warn!(%key, attempts, %failure, "an effect is given up: a person has to look");
}

impl<E> Attempt<'_, E> {
    fn lease_lost(&self) -> Failure {
        IdempotencyError::LeaseLost { id: self.key.to_string() }.into()
    }
}

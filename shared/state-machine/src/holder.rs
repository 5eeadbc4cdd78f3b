//! An attempt at a command: from the lease that it has taken to the command's result.
//!
//! A lease ends by itself, so that a dead holder blocks no other attempt. A holder that is only
//! slow must then not write. Two deliveries of events of one machine, *A* and *B*, may interleave
//! like this:
//!
//! ```text
//! A, slow or dead                the item                  B
//! load                           revision 4
//! save, lease "a" for 15 s  ───► revision 5, lease "a"
//! run the command                                          load: lease "a", not ended
//!   │                            revision 6, lease "a" ◄── save its input only, and leave    (1)
//!   │                              15 s pass
//!   │                                                      load: lease "a", ended
//!   │                            revision 7, lease "b" ◄── save, lease "b"                   (2)
//!   │                                                      run the command: it may have run,
//!   ▼                                                        so the provider is queried first
//! load: lease "b", not its own                             load: lease "b", its own
//!   nothing is written, retry (3)                          transition by the result
//!                                revision 8, no lease ◄─── save                              (4)
//! ```
//!
//! 1. B never waits with a new input. If A is alive, it reads the input at its next write: it loads
//!    before it applies its result, and if B comes between that load and the save, the save is a
//!    conflict and A loads again. The result is applied to the state *with* B's input.
//! 2. If A saves its result just before, this save is a conflict: B loads again, and finds nothing
//!    pending. If B is first, A cannot write any more, at whatever moment it comes back: before its
//!    load by the token, after its load by the revision.
//! 3. A's delivery comes again, and finds its trigger noted: it waits for B, or is a duplicate.
//! 4. If A's request is still on its way to the provider, the two requests have the same key.
//!
//! The token is new for each attempt, not for each process: an attempt that lost its lease cannot
//! take the next one of the same process for its own.

use std::{fmt::Display, num::NonZeroU32};

use event_envelope::{AggregateId, Envelope};
use idempotency::IdempotencyError;
use runtime::Failure;

use crate::{
    Attempt, StateMachine,
    instance::Instance,
    step,
    table::{STEPS_MAX, Saved, Table, contended},
};

/// An attempt that has taken the lease.
pub(crate) struct Holder<'a, C> {
    pub(crate) table: &'a Table,
    pub(crate) exhausted_after: NonZeroU32,
    pub(crate) key: &'a AggregateId,
    /// What its events follow from.
    pub(crate) cause: &'a Envelope,
    pub(crate) attempt: Attempt<C>,
    /// The fencing token of its writes.
    pub(crate) token: String,
}

/// What the table has after a write, and the events that the write added.
type Stored<M> = (Instance<M>, Vec<Envelope>);

/// The state of a command after an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterFailure {
    /// The command is still pending.
    Pending,
    /// The command is not pending any more, by an input that came in meanwhile.
    Moot,
    /// The machine has abandoned the command.
    Abandoned,
}

impl<C: Clone + PartialEq> Holder<'_, C> {
    /// Applies the result of the command, and ends the lease.
    pub(crate) async fn complete<M>(&self, input: &M::Input) -> Result<Stored<M>, Failure>
    where
        M: StateMachine<Command = C>,
    {
        let completed = self.update(|instance: &mut Instance<M>| {
            instance.end_lease();
            instance.transition(input, self.cause, self.key, self.table.clock.now())
        });
        match completed.await {
            Ok(Some((stored, ()))) => Ok(stored),
            Ok(None) => Err(self.lease_lost()),
            Err(failure) => {
                self.release::<M>().await;
                Err(failure)
            }
        }
    }

    /// Ends the lease of an attempt that failed, and abandons the command if it was tried often
    /// enough. The failure is the delivery's, unless the command is not pending any more: what is
    /// pending instead is then run by the same delivery.
    pub(crate) async fn fail<M>(&self, failure: Failure) -> Result<Stored<M>, Failure>
    where
        M: StateMachine<Command = C>,
    {
        let abandoned = step::abandoned::<M>(&self.attempt, &failure, self.exhausted_after);
        let updated = self.update(|instance: &mut Instance<M>| {
            instance.expire_lease(&self.token);
            if instance.state.pending().as_ref() != Some(&self.attempt.command) {
                return Ok(AfterFailure::Moot);
            }
            let Some(input) = &abandoned else { return Ok(AfterFailure::Pending) };
            instance.transition(input, self.cause, self.key, self.table.clock.now())?;
            Ok(AfterFailure::Abandoned)
        });
        match (updated.await, abandoned.is_some()) {
            (Ok(Some((stored, AfterFailure::Abandoned))), _) => {
                log_abandoned(self.key, self.attempt.number, &failure);
                Ok(stored)
            }
            (Ok(Some((stored, AfterFailure::Moot))), _) => {
                tracing::info!(key = %self.key, %failure, "the failed command is not pending any more");
                Ok(stored)
            }
            (Ok(Some((_, AfterFailure::Pending))), _) | (Ok(None), false) => Err(failure),
            (Ok(None), true) => Err(self.lease_lost()),
            // The next delivery abandons it, or retries it: this one must not be acknowledged.
            (Err(error), true) => {
                self.release::<M>().await;
                Err(error)
            }
            (Err(error), false) => {
                tracing::warn!(key = %self.key, %error, "lease was not released");
                Err(failure)
            }
        }
    }

    /// Ends the lease early, keeping the record of the attempt. Best effort: it ends by itself.
    async fn release<M>(&self)
    where
        M: StateMachine<Command = C>,
    {
        let released = self.update(|instance: &mut Instance<M>| {
            instance.expire_lease(&self.token);
            Ok(())
        });
        if let Err(failure) = released.await {
            tracing::warn!(key = %self.key, %failure, "lease was not released");
        }
    }

    /// Changes the instance as it is now: inputs may have come in meanwhile. None when the lease is
    /// another attempt's, or there is none.
    async fn update<M, T>(
        &self,
        change: impl Fn(&mut Instance<M>) -> Result<T, Failure>,
    ) -> Result<Option<(Stored<M>, T)>, Failure>
    where
        M: StateMachine<Command = C>,
    {
        for _ in 0..STEPS_MAX {
            let mut instance: Instance<M> = self.table.load(self.key).await?;
            if !instance.is_held_by(&self.token) {
                return Ok(None);
            }
            let changed = change(&mut instance)?;
            match self.table.save(self.key, instance).await? {
                Saved::Written { instance, events } => {
                    return Ok(Some(((instance, events), changed)));
                }
                Saved::Conflict => {}
            }
        }
        Err(contended(self.key))
    }

    fn lease_lost(&self) -> Failure {
        IdempotencyError::LeaseLost { id: self.key.to_string() }.into()
    }
}

/// Logs that a command of the machine `key` is abandoned. Alarms count this line by its message.
pub(crate) fn log_abandoned(key: &AggregateId, attempts: u32, failure: &dyn Display) {
    tracing::warn!(%key, attempts, %failure, "retries exhausted: needs manual intervention");
}

//! The I/O around a machine: load, transition, save, run the pending command under a lease,
//! transition, save.

use std::{num::NonZeroU32, slice, time::Duration};

use aws_sdk_dynamodb::Client;
use event_envelope::{AggregateId, Envelope};
use idempotency::IdempotencyError;
use runtime::{Clock, Done, Failure, IdGenerator};

use crate::{
    Attempt, StateMachine, Trigger,
    holder::{Holder, log_abandoned},
    instance::Instance,
    step::{Step, UNANSWERED},
    table::{Saved, Table},
};

/// After how many failed attempts a command is exhausted, unless the runner is configured
/// otherwise. A queue that dead-letters after ten receives then still has the record.
pub const EXHAUSTED_AFTER: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);
/// How many writes one call tries, those that failed with a conflict included.
pub(crate) const STEPS_MAX: usize = 8;

/// Where instances are stored, and for how long a command is leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerConfig {
    /// The name of the DynamoDB table.
    pub table: String,
    /// Its partition key, of type string.
    pub key: &'static str,
    /// How long a command may take before another delivery may try it. Longer than the function's
    /// timeout means that a live attempt is never taken over.
    pub lease: Duration,
}

/// Runs [`StateMachine`]s, each stored in an item of its own.
#[derive(Debug, Clone)]
pub struct Runner {
    pub(crate) table: Table,
    pub(crate) lease: Duration,
    pub(crate) exhausted_after: NonZeroU32,
    pub(crate) clock: Clock,
    pub(crate) tokens: IdGenerator,
}

/// How a trigger was handled.
#[derive(Debug, Clone, PartialEq)]
pub struct Handled<M> {
    /// Whether it took effect now, or had taken effect before.
    pub done: Done,
    /// The state that is stored now.
    pub state: M,
    /// The events that were stored by this call, oldest first.
    pub events: Vec<Envelope>,
}

impl Runner {
    /// Runs machines by `config`.
    pub fn new(client: Client, config: RunnerConfig, clock: Clock, tokens: IdGenerator) -> Self {
        let RunnerConfig { table, key, lease } = config;
        let table = Table { client, name: table, key };
        Self { table, lease, exhausted_after: EXHAUSTED_AFTER, clock, tokens }
    }

    /// The same runner, for which a command is exhausted after so many failed `attempts`, in place
    /// of [`EXHAUSTED_AFTER`]. Fewer than the receives after which the queue dead-letters, or the
    /// record is in the dead-letter queue before the machine has emitted anything.
    #[must_use]
    pub fn exhausted_after(self, attempts: NonZeroU32) -> Self {
        Self { exhausted_after: attempts, ..self }
    }

    /// Applies the `input` that `trigger` brings to the machine `key`, and runs the commands that
    /// are then pending.
    ///
    /// Every write is conditional on the revision that was read, and carries the events of the
    /// transition in `outbox`, so that state, record and outbox are one. A command is run under a
    /// lease in the same item; a holder that lost it writes nothing.
    ///
    /// Notes of triggers are kept up to a hundred, twenty of them of triggers that changed nothing.
    /// The oldest are dropped: no trigger is ever refused because of their number.
    ///
    /// A command that failed too often, or can never succeed, is abandoned if the machine has an
    /// input for that ([`StateMachine::on_exhausted`]): what follows is written under the same
    /// lease, and the delivery is done.
    ///
    /// # Errors
    ///
    /// Retry when the store is unavailable, another delivery holds the lease, or `run` returns it.
    /// Permanent when the same id came before with another payload, or `run` returns it.
    pub async fn handle<'a, M, R>(
        &self,
        key: &AggregateId,
        trigger: impl Into<Trigger<'a>>,
        input: M::Input,
        run: R,
    ) -> Result<Handled<M>, Failure>
    where
        M: StateMachine,
        R: AsyncFn(Attempt<M::Command>) -> Result<M::Input, Failure>,
    {
        self.handle_all::<M, R>(key, trigger, slice::from_ref(&input), run).await
    }

    /// As [`handle`](Self::handle), for a trigger that brings several inputs: all of them are
    /// applied in one write, in this order.
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle).
    pub async fn handle_all<'a, M, R>(
        &self,
        key: &AggregateId,
        trigger: impl Into<Trigger<'a>>,
        inputs: &[M::Input],
        run: R,
    ) -> Result<Handled<M>, Failure>
    where
        M: StateMachine,
        R: AsyncFn(Attempt<M::Command>) -> Result<M::Input, Failure>,
    {
        let trigger = trigger.into();
        let mut done = Done::Duplicate;
        let mut events = Vec::new();
        // The instance after our own write: no read is needed to go on.
        let mut stored: Option<Instance<M>> = None;
        for _ in 0..STEPS_MAX {
            let mut instance = match stored.take() {
                Some(instance) => instance,
                None => self.table.load(key).await?,
            };
            let admission = instance.admit(&trigger, inputs, key, self.clock.now())?;
            let step = Step::of(&instance, admission, self.exhausted_after, self.clock.now());
            let command = match step {
                Step::Return => return Ok(Handled { done, state: instance.state, events }),
                Step::Wait(left) => {
                    let id = key.to_string();
                    let left = Some(left);
                    return Err(IdempotencyError::InProgress { id, left }.into());
                }
                Step::Save => match self.save(key, instance).await? {
                    Saved::Written { instance, events: added } => {
                        events.extend(added);
                        return Ok(Handled { done: Done::Handled, state: instance.state, events });
                    }
                    Saved::Conflict => continue,
                },
                Step::Abandon(input) => {
                    let attempts = instance.attempts;
                    // A late holder finds a lease that is not its own.
                    instance.expire_lease(&self.tokens.next_id());
                    instance.transition(&input, trigger.envelope, key, self.clock.now())?;
                    if let Saved::Written { instance, events: added } =
                        self.save(key, instance).await?
                    {
                        log_abandoned(key, attempts, &UNANSWERED);
                        done = Done::Handled;
                        events.extend(added);
                        stored = Some(instance);
                    }
                    continue;
                }
                Step::Run(command) => command,
            };
            // From here to the end of the attempt another delivery may save an input, or take the
            // lease over when it has ended: the timeline in `holder.rs` shows who then writes.
            let token = self.tokens.next_id();
            let may_have_run = instance.may_have_run();
            instance.take_lease(&token, self.clock.now() + self.lease);
            let attempt = Attempt { command, may_have_run, number: instance.attempts };
            let Saved::Written { events: added, .. } = self.save(key, instance).await? else {
                continue;
            };
            events.extend(added);
            let result = run(attempt.clone()).await;
            let holder = Holder { runner: self, key, cause: trigger.envelope, attempt, token };
            let (instance, added) = match result {
                Ok(input) => holder.complete::<M>(&input).await?,
                Err(failure) => holder.fail::<M>(failure).await?,
            };
            done = Done::Handled;
            events.extend(added);
            stored = Some(instance);
        }
        Err(contended(key))
    }

    /// The state of the machine `key` as it is stored now; its default, if it has taken no input
    /// yet.
    ///
    /// # Errors
    ///
    /// Retry when the store is unavailable. Permanent when the item is not such a machine.
    pub async fn state<M: StateMachine>(&self, key: &AggregateId) -> Result<M, Failure> {
        let instance: Instance<M> = self.table.load(key).await?;
        Ok(instance.state)
    }

    /// Writes an instance, unless the item has changed since it was read.
    pub(crate) async fn save<M: StateMachine>(
        &self,
        key: &AggregateId,
        instance: Instance<M>,
    ) -> Result<Saved<M>, Failure> {
        let writer = self.tokens.next_id();
        self.table.save(key, instance, &writer, self.clock.now()).await
    }
}

/// Other invocations wrote in between each time.
pub(crate) fn contended(key: &AggregateId) -> Failure {
    IdempotencyError::Contended { id: key.to_string() }.into()
}

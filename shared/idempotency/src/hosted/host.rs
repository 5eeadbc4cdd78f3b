//! Records hosted in the one item that a handler owns: what it has seen, what it says next, and
//! the lease on the effect that is due, all in one conditional write.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use clock::{Clock, Tokens};
use event_envelope::{AggregateId, Envelope};
use outcome::{Done, Failure};

use super::row::{self, Admission, Lease, Row};
use crate::{
    Due, IdempotencyError, Item, Machine,
    dynamodb::{failure, is_contention, millis, patiently, text},
};

/// How often a row is loaded and decided on again when somebody else wrote it in between.
const ATTEMPTS_MAX: usize = 8;

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
    client: Client,
    settings: HostSettings,
    clock: Clock,
    tokens: Tokens,
}

impl Host {
    /// Hosts machines by `settings`.
    pub fn new(client: Client, settings: HostSettings, clock: Clock, tokens: Tokens) -> Self {
        Self { client, settings, clock, tokens }
    }

    /// Tells the machine `key` what `cause` says, and has whatever effects are then due.
    ///
    /// Every write is conditional on the revision that was read, and carries the events that the
    /// step says in `outgoing`, so that state, record and outbox are one. An effect is had under a
    /// lease in the same item; a holder that lost it writes nothing.
    ///
    /// # Errors
    ///
    /// Retry when the store is away, another delivery holds the lease, or `perform` says so.
    /// Poison when the same event id came before with another payload, or `perform` says so.
    pub async fn handle<M, P>(
        &self,
        key: &AggregateId,
        cause: &Envelope,
        fact: M::Fact,
        perform: P,
    ) -> Result<Done, Failure>
    where
        M: Machine,
        P: AsyncFn(Due<M::Effect>) -> Result<M::Fact, Failure>,
    {
        let mut done = Done::Duplicate;
        for _ in 0..ATTEMPTS_MAX {
            let mut row: Row<M> = self.load(key).await?;
            let admission = row.admit(cause)?;
            if admission == Admission::New {
                row.apply(&fact, cause, key, self.clock.now())?;
            }
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
            if self.perform(key, cause, row, effect, &perform).await? {
                done = Done::Handled;
            }
        }
        Err(IdempotencyError::Contended { id: key.to_string() }.into())
    }

    /// Takes the lease, has the effect, and tells the machine what it led to. False when somebody
    /// else was first.
    async fn perform<M, P>(
        &self,
        key: &AggregateId,
        cause: &Envelope,
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
        let until = millis(self.clock.now() + self.settings.lease);
        row.lease = Some(Lease { owner: owner.clone(), until });
        if self.save(key, row).await? == Saved::Overtaken {
            return Ok(false);
        }
        let told = match perform(Due { effect, resumed }).await {
            Ok(answer) => self.tell::<M>(key, cause, &owner, &answer).await,
            Err(failure) => Err(failure),
        };
        if told.is_err() {
            self.release::<M>(key, &owner).await;
        }
        told.map(|()| true)
    }

    /// Tells the machine what its effect led to, and ends the lease.
    async fn tell<M: Machine>(
        &self,
        key: &AggregateId,
        cause: &Envelope,
        owner: &str,
        answer: &M::Fact,
    ) -> Result<(), Failure> {
        let told = self.amend(key, owner, |row: &mut Row<M>| {
            row.lease = None;
            row.apply(answer, cause, key, self.clock.now())
        });
        match told.await? {
            Saved::Written => Ok(()),
            Saved::Overtaken => Err(IdempotencyError::LeaseLost { id: key.to_string() }.into()),
        }
    }

    /// Ends a lease early, keeping the trace of the attempt. Best effort: it ends by itself.
    async fn release<M: Machine>(&self, key: &AggregateId, owner: &str) {
        let released = self.amend(key, owner, |row: &mut Row<M>| {
            row.lease = Some(Lease { owner: owner.to_owned(), until: 0 });
            Ok(())
        });
        if let Err(failure) = released.await {
            tracing::warn!(%key, %failure, "lease was not released");
        }
    }

    /// Changes the row that `owner` holds, as it is now: facts may have come in meanwhile.
    /// [`Saved::Overtaken`] when somebody else holds it, or nobody does.
    async fn amend<M: Machine>(
        &self,
        key: &AggregateId,
        owner: &str,
        change: impl Fn(&mut Row<M>) -> Result<(), Failure>,
    ) -> Result<Saved, Failure> {
        for _ in 0..ATTEMPTS_MAX {
            let mut row = self.load(key).await?;
            if !row.is_held_by(owner) {
                return Ok(Saved::Overtaken);
            }
            change(&mut row)?;
            if self.save(key, row).await? == Saved::Written {
                return Ok(Saved::Written);
            }
        }
        Err(IdempotencyError::Contended { id: key.to_string() }.into())
    }

    async fn load<M: Machine>(&self, key: &AggregateId) -> Result<Row<M>, Failure> {
        let got = self
            .client
            .get_item()
            .table_name(&self.settings.table)
            .key(self.settings.key, text(key.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map_err(failure)?;
        Row::read(got.item)
    }

    async fn save<M: Machine>(&self, key: &AggregateId, row: Row<M>) -> Result<Saved, Failure> {
        let writer = self.tokens.draw();
        let read_revision = row.revision;
        let mut item = row.into_item(&writer, self.clock.now())?;
        item.insert(self.settings.key.to_owned(), text(key.as_str()));
        let put = self
            .client
            .put_item()
            .table_name(&self.settings.table)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = if read_revision == 0 {
            put.condition_expression("attribute_not_exists(#key)")
                .expression_attribute_names("#key", self.settings.key)
        } else {
            put.condition_expression("#revision = :revision")
                .expression_attribute_names("#revision", row::REVISION)
                .expression_attribute_values(
                    ":revision",
                    AttributeValue::N(read_revision.to_string()),
                )
        };
        match patiently(|| put.clone().send(), is_contention).await {
            Ok(_) => Ok(Saved::Written),
            Err(error) => overtaken(error, &writer),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saved {
    Written,
    Overtaken,
}

fn overtaken(error: SdkError<PutItemError>, writer: &str) -> Result<Saved, Failure> {
    let Some(PutItemError::ConditionalCheckFailedException(refused)) = error.as_service_error()
    else {
        return Err(failure(error).into());
    };
    // The answer to our own write may have been lost, and the SDK have sent it again.
    let ours = refused.item().and_then(|it: &Item| it.get(row::WRITER)) == Some(&text(writer));
    Ok(if ours { Saved::Written } else { Saved::Overtaken })
}

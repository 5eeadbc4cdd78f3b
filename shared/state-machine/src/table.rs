//! The table of instances: reads are consistent, writes are conditional on the revision.

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use event_envelope::{AggregateId, Envelope};
use idempotency::{IdempotencyError, Item, is_contention, retry_on_contention};
use runtime::{Clock, Failure, IdGenerator};
use tracing::{Level, event};

use crate::{
    StateMachine,
    instance::{self, Instance, text},
};

/// How many writes one call tries, those that failed with a conflict included.
pub(crate) const STEPS_MAX: usize = 8;

/// A table with one instance an item.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    /// The attribute of the partition key.
    pub(crate) key: &'static str,
    /// When an instance is written.
    pub(crate) clock: Clock,
    /// What tells attempts and writes apart.
    pub(crate) tokens: IdGenerator,
}

/// The result of a write.
pub(crate) enum Saved<M> {
    /// It is stored, and `events` with it. `instance` is what the table has now, so that it can be
    /// changed again without a read.
    Written { instance: Instance<M>, events: Vec<Envelope> },
    /// Another invocation wrote in between: nothing was written.
    Conflict,
}

impl Table {
    pub(crate) async fn load<M: StateMachine>(
        &self,
        key: &AggregateId,
    ) -> Result<Instance<M>, Failure> {
        let got = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(self.key, text(key.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map_err(IdempotencyError::from)?;
        Instance::read(got.item)
    }

    /// Writes `instance` on the condition that the table has what it was read from.
    pub(crate) async fn save<M: StateMachine>(
        &self,
        key: &AggregateId,
        mut instance: Instance<M>,
    ) -> Result<Saved<M>, Failure> {
        // New for each write: it distinguishes a lost answer from a conflict.
        let writer = self.tokens.next_id();
        let read_revision = instance.revision;
        let mut item = instance.next_item(&writer, self.clock.now())?;
        item.insert(self.key.to_owned(), text(key.as_str()));
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = if read_revision == 0 {
            put.condition_expression("attribute_not_exists(#key)")
                .expression_attribute_names("#key", self.key)
        } else {
            put.condition_expression("#revision = :revision")
                .expression_attribute_names("#revision", instance::REVISION)
                .expression_attribute_values(
                    ":revision",
                    AttributeValue::N(read_revision.to_string()),
                )
        };
        if let Err(error) = retry_on_contention(|| put.clone().send(), is_contention).await
            && is_conflict(error, &writer)?
        {
            event!(target: "metrics", Level::TRACE, monotonic_counter.Conflicts = 1_u64);
            return Ok(Saved::Conflict);
        }
        let events = instance.written();
        Ok(Saved::Written { instance, events })
    }
}

/// Whether a write failed because another one was first. It is none if the item is our own: the
/// answer to our write may have been lost, and the SDK may have sent it again.
fn is_conflict(error: SdkError<PutItemError>, writer: &str) -> Result<bool, Failure> {
    let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error()
    else {
        return Err(IdempotencyError::from(error).into());
    };
    let written_by = failed.item().and_then(|item: &Item| item.get(instance::WRITER));
    Ok(written_by != Some(&text(writer)))
}

/// Other invocations wrote in between each time.
pub(crate) fn contended(key: &AggregateId) -> Failure {
    IdempotencyError::Contended { id: key.to_string() }.into()
}

//! One item of the table: read as it is now, written if nobody else wrote it since.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use event_envelope::AggregateId;
use idempotency::{IdempotencyError, Item, is_contention, retry_on_contention};
use outcome::Failure;
use tracing::{Level, event};

use crate::{
    Host, Machine,
    row::{self, Row, text},
};

impl Host {
    pub(crate) async fn load<M: Machine>(&self, key: &AggregateId) -> Result<Row<M>, Failure> {
        let got = self
            .client
            .get_item()
            .table_name(&self.settings.table)
            .key(self.settings.key, text(key.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map_err(IdempotencyError::from)?;
        Row::read(got.item)
    }

    pub(crate) async fn save<M: Machine>(
        &self,
        key: &AggregateId,
        row: Row<M>,
    ) -> Result<Saved, Failure> {
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
        match retry_on_contention(|| put.clone().send(), is_contention).await {
            Ok(_) => Ok(Saved::Written),
            Err(error) => overtaken(error, &writer),
        }
    }
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saved {
    Written,
    Overtaken,
}

fn overtaken(error: SdkError<PutItemError>, writer: &str) -> Result<Saved, Failure> {
    let Some(PutItemError::ConditionalCheckFailedException(refused)) = error.as_service_error()
    else {
        return Err(IdempotencyError::from(error).into());
    };
    // The answer to our own write may have been lost, and the SDK have sent it again.
    let ours = refused.item().and_then(|it: &Item| it.get(row::WRITER)) == Some(&text(writer));
    if ours {
        return Ok(Saved::Written);
    }
    event!(target: "metrics", Level::TRACE, monotonic_counter.Conflicts = 1_u64);
    Ok(Saved::Overtaken)
}

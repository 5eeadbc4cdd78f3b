//! Records in a DynamoDB table.

mod contention;
mod layout;
mod requests;
mod size;
mod transaction;
mod value;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{ConditionCheck, Delete, Put, TransactWriteItem, Update},
};

pub use contention::{is_cancelled_by_contention, is_contention, retry_on_contention};
pub use layout::Layout;
pub use value::check_event;

use crate::{IdempotencyError, Item, Record, Status, Store, TakeoverCondition, Written};
use transaction::{Transacted, transact};

/// One write of a transaction. Made from the SDK's `Put`, `Update`, `Delete` or `ConditionCheck`;
/// set `return_values_on_condition_check_failure` to get the item that a condition failed on.
#[derive(Debug, Clone)]
pub struct Write(pub(crate) TransactWriteItem);

/// A write whose condition failed.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionFailed {
    /// The index of the write, in the order in which they were added.
    pub write: usize,
    /// The item as it was, if the write asked for it and there was one.
    pub item: Option<Item>,
}

/// Stores records in a table; the handler's own writes go into the same transaction.
#[derive(Debug, Clone)]
pub struct DynamoDbStore {
    client: Client,
    table: String,
    layout: Layout,
}

impl DynamoDbStore {
    /// Stores records in `table`, whose partition key is `id` of type string.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), layout: Layout::default() }
    }

    /// Stores them under other attribute names.
    #[must_use]
    pub fn layout(self, layout: Layout) -> Self {
        Self { layout, ..self }
    }

    /// Writes the record together with `writes`.
    async fn transact(
        &self,
        writes: &[Write],
        record: TransactWriteItem,
    ) -> Result<Written<ConditionFailed>, IdempotencyError> {
        let mut all = writes.to_vec();
        all.push(Write(record));
        size::check(&all)?;
        let mut failed = match transact(&self.client, &all).await? {
            Transacted::Committed => return Ok(Written::Yes { resumed: false }),
            Transacted::ConditionFailed(failed) => failed,
        };
        // The record is checked first: a duplicate's other failed conditions do not matter.
        match failed.iter().position(|condition| condition.write == writes.len()) {
            Some(record) => self.existing(failed.swap_remove(record).item),
            None => Ok(Written::ConditionFailed(failed)),
        }
    }

    fn existing(&self, item: Option<Item>) -> Result<Written<ConditionFailed>, IdempotencyError> {
        let record = item.map(|item| self.layout.read(item)).transpose()?;
        Ok(Written::Existing(record.map(Box::new)))
    }

    /// A single write costs half of a transaction with one write.
    async fn put_alone(&self, put: Put) -> Result<Written<ConditionFailed>, IdempotencyError> {
        let request = requests::put(&self.client, put);
        match retry_on_contention(|| request.clone().send(), is_contention).await {
            Ok(output) => {
                let before = output.attributes.and_then(|item| self.layout.read(item).ok());
                let resumed = before.is_some_and(|record| record.status == Status::InProgress);
                Ok(Written::Yes { resumed })
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    self.existing(failed.item().cloned())
                }
                _ => Err(error.into()),
            },
        }
    }

    /// Sends an update on its own: a single write costs half of a transaction with one write.
    async fn update_alone(
        &self,
        update: Update,
    ) -> Result<Written<ConditionFailed>, IdempotencyError> {
        let request = requests::update(&self.client, update);
        match retry_on_contention(|| request.clone().send(), is_contention).await {
            Ok(_) => Ok(Written::Yes { resumed: false }),
            Err(error) => self.failed_update(error),
        }
    }

    fn failed_update(
        &self,
        error: SdkError<UpdateItemError>,
    ) -> Result<Written<ConditionFailed>, IdempotencyError> {
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                self.existing(failed.item().cloned())
            }
            _ => Err(error.into()),
        }
    }
}

impl Store for DynamoDbStore {
    type Write = Write;
    type ConditionFailed = ConditionFailed;

    async fn put(
        &self,
        record: &Record,
        writes: &[Write],
        takeover: TakeoverCondition,
    ) -> Result<Written<ConditionFailed>, IdempotencyError> {
        let put = self.layout.put(&self.table, record, takeover)?;
        if writes.is_empty() {
            self.put_alone(put).await
        } else {
            self.transact(writes, TransactWriteItem::builder().put(put).build()).await
        }
    }

    async fn complete(
        &self,
        record: &Record,
        writes: &[Write],
    ) -> Result<Written<ConditionFailed>, IdempotencyError> {
        let update = self.layout.complete(&self.table, record)?;
        if writes.is_empty() {
            self.update_alone(update).await
        } else {
            self.transact(writes, TransactWriteItem::builder().update(update).build()).await
        }
    }

    async fn release(&self, id: &str, fencing_token: &str) -> Result<(), IdempotencyError> {
        // If another attempt holds it now, there is nothing to release.
        self.update_alone(self.layout.release(&self.table, id, fencing_token)?).await.map(drop)
    }
}

macro_rules! from_action {
    ($($action:ident by $method:ident),+) => {
        $(impl From<$action> for Write {
            fn from(action: $action) -> Self {
                Self(TransactWriteItem::builder().$method(action).build())
            }
        })+
    };
}

from_action!(Put by put, Update by update, Delete by delete, ConditionCheck by condition_check);

//! Streams of events in a table.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use event_envelope::{AggregateId, Envelope};
use outcome::{BoxError, Failure};

type Item = HashMap<String, AttributeValue>;

/// Attribute names of the keys.
const PARTITION_KEY: &str = "PK";
const SORT_KEY: &str = "SK";
/// What the sort keys of events begin with.
const EVENT: &str = "EVENT#";

/// Append-only streams of one kind of aggregate, one partition each.
#[derive(Debug, Clone)]
pub struct EventStore {
    client: Client,
    table: String,
    kind: &'static str,
}

/// Why a stream could not be read or appended to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else appended first; nothing was written. Load and decide again.
    #[error("the stream is past version {expected}")]
    Conflict {
        /// The version that the caller had read.
        expected: u64,
    },
    /// The store is away or throttles. Try again later.
    #[error("the event store is unavailable")]
    Unavailable(#[source] BoxError),
    /// The request can never be carried out: an event is too large, or the table is wrong.
    #[error("the event store refuses the request")]
    Invalid(#[source] BoxError),
    /// The stream does not hold what it must: somebody else wrote to the table.
    #[error("stream {aggregate} is damaged at event {sequence}: {reason}")]
    Damaged {
        /// The stream.
        aggregate: AggregateId,
        /// Where in it.
        sequence: u64,
        /// What is wrong.
        reason: String,
    },
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } | StoreError::Unavailable(_) => Self::retry(error),
            StoreError::Invalid(_) | StoreError::Damaged { .. } => Self::poison(error),
        }
    }
}

impl EventStore {
    /// Streams in `table` of aggregates of this `kind`, e.g. `ORDER`.
    pub fn new(client: Client, table: impl Into<String>, kind: &'static str) -> Self {
        Self { client, table: table.into(), kind }
    }

    /// All events of `aggregate` after `version` (0: from the first), oldest first. A stream that
    /// nobody has written to has none.
    ///
    /// Reads consistently, and every page of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] is worth a retry; a damaged stream is not.
    pub async fn load(
        &self,
        aggregate: &AggregateId,
        version: u64,
    ) -> Result<Vec<Envelope>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .expression_attribute_names("#pk", PARTITION_KEY)
            .expression_attribute_names("#sk", SORT_KEY)
            .expression_attribute_values(":pk", self.partition(aggregate))
            .expression_attribute_values(":first", sort_key(version + 1))
            .expression_attribute_values(":last", sort_key(u64::MAX))
            .into_paginator()
            .items()
            .send();
        let mut events: Vec<Envelope> = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(store_error)?;
            let sequence = version + 1 + events.len() as u64;
            events.push(read(aggregate, sequence, item)?);
        }
        Ok(events)
    }

    /// Appends `events` in one atomic write, if they continue the stream where it ends.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when somebody else appended first; nothing was written.
    pub async fn append(&self, events: &[Envelope]) -> Result<(), StoreError> {
        let mut puts = events.iter().map(|event| self.put(event)).collect::<Result<Vec<_>, _>>()?;
        match (puts.pop(), puts.is_empty()) {
            (None, _) => Ok(()),
            (Some(put), true) => self.append_one(put, &events[0]).await,
            (Some(put), false) => {
                puts.push(put);
                self.append_all(puts, events).await
            }
        }
    }

    /// The first event of a stream, or none: one read for whoever only asks whether it exists.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn first(&self, aggregate: &AggregateId) -> Result<Option<Envelope>, StoreError> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(PARTITION_KEY, self.partition(aggregate))
            .key(SORT_KEY, sort_key(1))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        got.item.map(|item| read(aggregate, 1, item)).transpose()
    }

    fn partition(&self, aggregate: &AggregateId) -> AttributeValue {
        AttributeValue::S(format!("{}#{aggregate}", self.kind))
    }

    fn put(&self, event: &Envelope) -> Result<Put, StoreError> {
        event.to_json().map_err(|error| StoreError::Invalid(error.into()))?;
        let mut item: Item =
            serde_dynamo::to_item(event).map_err(|error| StoreError::Invalid(error.into()))?;
        item.insert(PARTITION_KEY.to_owned(), self.partition(&event.aggregate_id));
        item.insert(SORT_KEY.to_owned(), sort_key(event.sequence_number));
        Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PARTITION_KEY)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| StoreError::Invalid(error.into()))
    }

    /// A single write costs half of a transaction of one.
    async fn append_one(&self, put: Put, event: &Envelope) -> Result<(), StoreError> {
        let sent = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refused)) => {
                settle(event, refused.item().cloned())
            }
            _ => Err(store_error(error)),
        }
    }

    async fn append_all(&self, puts: Vec<Put>, events: &[Envelope]) -> Result<(), StoreError> {
        let writes = puts.into_iter().map(|put| TransactWriteItem::builder().put(put).build());
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(writes.collect()))
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(());
        };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        else {
            return Err(store_error(error));
        };
        // Reasons stand in the order of the writes, "None" for those without fault.
        for (event, reason) in events.iter().zip(cancelled.cancellation_reasons()) {
            match reason.code() {
                Some("ConditionalCheckFailed") => settle(event, reason.item().cloned())?,
                // Where one event is there and another is not, the stream is somebody else's.
                Some("None" | "TransactionConflict") | None => return Err(conflict(event)),
                Some(_) => return Err(StoreError::Unavailable(error.into())),
            }
        }
        Ok(())
    }
}

/// An event that is there already is either somebody else's, or our own write whose answer was
/// lost and which the SDK sent again.
fn settle(event: &Envelope, there: Option<Item>) -> Result<(), StoreError> {
    let ours = there
        .and_then(|item| serde_dynamo::from_item::<_, Envelope>(item).ok())
        .is_some_and(|it| it == *event);
    if ours { Ok(()) } else { Err(conflict(event)) }
}

fn conflict(event: &Envelope) -> StoreError {
    StoreError::Conflict { expected: event.sequence_number.saturating_sub(1) }
}

/// Twenty digits, so that the order of texts is the order of numbers up to `u64::MAX`.
fn sort_key(sequence: u64) -> AttributeValue {
    AttributeValue::S(format!("{EVENT}{sequence:020}"))
}

fn read(aggregate: &AggregateId, sequence: u64, item: Item) -> Result<Envelope, StoreError> {
    let damaged =
        |reason: String| StoreError::Damaged { aggregate: aggregate.clone(), sequence, reason };
    let event: Envelope =
        serde_dynamo::from_item(item).map_err(|error| damaged(error.to_string()))?;
    if event.sequence_number == sequence {
        Ok(event)
    } else {
        Err(damaged(format!("the next event there is {}", event.sequence_number)))
    }
}

fn store_error<E>(error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if error.code() == Some("ValidationException") {
        StoreError::Invalid(error.into())
    } else {
        StoreError::Unavailable(error.into())
    }
}

//! Streams of events in a table.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::AttributeValue,
};
use event_envelope::{AggregateId, Envelope};
use runtime::{BoxError, Failure, chain};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// Attribute names of the keys.
pub(crate) const PARTITION_KEY: &str = "PK";
pub(crate) const SORT_KEY: &str = "SK";
/// What the sort keys of events begin with.
const EVENT: &str = "EVENT#";

/// Append-only streams of one kind of aggregate, one partition each.
#[derive(Debug, Clone)]
pub struct EventStore {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) kind: &'static str,
}

/// Why a stream could not be read or appended to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer appended first; nothing was written. Load and decide again.
    #[error("the stream is past version {expected}")]
    Conflict {
        /// The version that the caller had read.
        expected: u64,
    },
    /// The store is unavailable or throttles. Retry later.
    #[error("the event store is unavailable: {}", chain(.0.as_ref()))]
    Unavailable(#[source] BoxError),
    /// The request is invalid and can never succeed, e.g. an event is too large.
    #[error("the event store refuses the request: {}", chain(.0.as_ref()))]
    Invalid(#[source] BoxError),
    /// The stream has a gap, or an item that is not its event: other code wrote to the table.
    #[error("stream {aggregate} is damaged at event {sequence}: {reason}")]
    Damaged {
        /// The id of the stream's aggregate.
        aggregate: AggregateId,
        /// The sequence number at which it is damaged.
        sequence: u64,
        /// What is wrong.
        reason: String,
    },
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } | StoreError::Unavailable(_) => Self::retry(error),
            StoreError::Invalid(_) | StoreError::Damaged { .. } => Self::permanent(error),
        }
    }
}

impl EventStore {
    /// Streams in `table` of aggregates of this `kind`, e.g. `ACCOUNT`. Its partition key begins
    /// with the kind, so that streams of several kinds may share a table.
    pub fn new(client: Client, table: impl Into<String>, kind: &'static str) -> Self {
        Self { client, table: table.into(), kind }
    }

    /// All events of `aggregate` after `version` (0: from the first), oldest first. A stream that
    /// does not exist has none.
    ///
    /// Reads consistently, and every page of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] is worth a retry. [`StoreError::Damaged`] is not: the stream has
    /// a gap, or holds what is no event of it. That needs manual intervention.
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

    /// The first event of a stream, or none: one read for a caller that only needs to know whether
    /// it exists.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn first(&self, aggregate: &AggregateId) -> Result<Option<Envelope>, StoreError> {
        self.event(aggregate, 1).await
    }

    /// The event of a stream with this sequence number, or none: one read for a caller that needs
    /// to know whether the stream has come so far.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn event(
        &self,
        aggregate: &AggregateId,
        sequence: u64,
    ) -> Result<Option<Envelope>, StoreError> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(PARTITION_KEY, self.partition(aggregate))
            .key(SORT_KEY, sort_key(sequence))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        got.item.map(|item| read(aggregate, sequence, item)).transpose()
    }

    pub(crate) fn partition(&self, aggregate: &AggregateId) -> AttributeValue {
        AttributeValue::S(format!("{}#{aggregate}", self.kind))
    }
}

/// Twenty digits, so that the order of texts is the order of numbers up to `u64::MAX`.
pub(crate) fn sort_key(sequence: u64) -> AttributeValue {
    AttributeValue::S(format!("{EVENT}{sequence:020}"))
}

fn read(aggregate: &AggregateId, sequence: u64, item: Item) -> Result<Envelope, StoreError> {
    let damaged =
        |reason: String| StoreError::Damaged { aggregate: aggregate.clone(), sequence, reason };
    let event: Envelope =
        serde_dynamo::from_item(item).map_err(|error| damaged(error.to_string()))?;
    if event.sequence_number != sequence {
        return Err(damaged(format!("the next event there is {}", event.sequence_number)));
    }
    if event.aggregate_id != *aggregate {
        return Err(damaged(format!("the event there is of {}", event.aggregate_id)));
    }
    Ok(event)
}

pub(crate) fn store_error<E>(error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if matches!(error.code(), Some("ValidationException" | "SerializationException")) {
        StoreError::Invalid(error.into())
    } else {
        StoreError::Unavailable(error.into())
    }
}

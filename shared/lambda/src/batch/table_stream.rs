use std::{collections::BTreeMap, future::ready, num::NonZeroUsize};

use aws_lambda_events::{
    dynamodb::EventRecord,
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use runtime::{BoxError, Done, Failure};
use tower::Service;
use tracing::{Span, error_span};

use crate::batch::{
    CONCURRENCY_MAX, Disposition, OrderedBatch, OrderingKey, Poison, TableBatch, TableRecord,
    complete::{Malformed, complete, log_held_back},
};

/// Passes the records of a DynamoDB table's stream to a service, one call each.
///
/// The records of one item are handled in their order, and the first that fails holds back the
/// rest of that item. The records of other items are handled nevertheless, also those that stand
/// behind a failed one: if that one never succeeds Lambda discards what follows it in the batch,
/// and what has not been handled by then is lost.
///
/// A stream knows one position, not a list of records. Lambda delivers again everything from the
/// first failed record on, so what was handled behind it comes as a duplicate: the service has to
/// be idempotent.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>.
#[derive(Debug, Clone)]
pub struct TableStream<S, P> {
    service: S,
    poison: P,
    concurrency_max: NonZeroUsize,
}

impl<S, P> TableStream<S, P> {
    /// Calls `service` for every record, and `poison` for every one that can never be handled.
    ///
    /// There is no default for `poison`, because a stream has no dead-letter queue of its own:
    /// what is not dead-lettered stops its shard, and is lost in the end.
    /// [`LeaveToRedrive`](crate::batch::LeaveToRedrive) chooses that, and documents what then
    /// happens.
    ///
    /// A record that was dead-lettered is delivered again, like any other, when one before it has
    /// failed: `poison` may be called several times for the same.
    pub fn new(service: S, poison: P) -> Self {
        Self { service, poison, concurrency_max: CONCURRENCY_MAX }
    }

    /// Works on this many items at the same time, instead of on [`CONCURRENCY_MAX`].
    pub fn concurrency_max(self, concurrency_max: NonZeroUsize) -> Self {
        Self { concurrency_max, ..self }
    }

    /// Has every record handled, and answers with the first that is to be delivered again.
    ///
    /// A record that is malformed is a permanent failure from the start. One that has no sequence
    /// number either has the whole batch delivered again.
    ///
    /// Within [`runtime::with_deadline`] it answers before the time is up: see
    /// [`OrderedBatch::process`].
    ///
    /// The answer is one that Lambda reads only if the mapping has `ReportBatchItemFailures`.
    /// Without it, Lambda goes on behind the batch and ignores the answer.
    ///
    /// # Panics
    ///
    /// When the service does. The Lambda runtime turns that into a failed invocation, or the
    /// process ends: either way the whole batch is delivered again, in halves if the mapping has
    /// `BisectBatchOnFunctionError`.
    pub async fn handle(&self, batch: impl Into<TableBatch>) -> DynamoDbEventResponse
    where
        S: Service<EventRecord, Response = Done, Error = Failure> + Clone,
        P: Service<Poison<EventRecord>, Response = Disposition> + Clone,
        P::Error: Into<BoxError>,
    {
        let records = batch.into().records;
        let numbers = records.iter().map(|record| record.record.change.sequence_number.clone());
        let numbers: Vec<Option<String>> = numbers.collect();
        let handle = |TableRecord { record, malformed }: TableRecord| {
            let span = span(&record);
            let is_named = record.change.sequence_number.is_some();
            let malformed = malformed.map(|reason| {
                if is_named { Malformed::Named(reason) } else { Malformed::Unnamed(reason) }
            });
            complete(record, malformed, span, self.service.clone(), self.poison.clone())
        };
        let hold_back = |_, held_back: Vec<TableRecord>| {
            held_back.iter().for_each(|record| log_held_back(&span(&record.record)));
            ready(())
        };
        let batch = OrderedBatch::of(records, |record| OrderingKey::Group(item(&record.record)));
        let failed = batch.process(self.concurrency_max, handle, hold_back).await;
        response(&numbers, &failed)
    }
}

/// Which item a record is about: its table's stream, and its key in one spelling. Records that
/// name no item are one group, since they might be about the same.
fn item(record: &EventRecord) -> (Option<String>, Option<String>) {
    let key: BTreeMap<_, _> = record.change.keys.iter().collect();
    (record.event_source_arn.clone(), serde_json::to_string(&key).ok())
}

/// Names the lowest sequence number at the `failed` positions. If one of those has none the answer
/// names nothing, which Lambda takes to mean that the whole batch failed.
fn response(numbers: &[Option<String>], failed: &[usize]) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    if failed.is_empty() {
        return response;
    }
    let number = |position: &usize| numbers.get(*position)?.as_deref();
    let named: Option<Vec<&str>> = failed.iter().map(number).collect();
    let lowest = named.unwrap_or_default().into_iter().min_by_key(|number| rank(number));
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier = lowest.map(str::to_owned);
    response.batch_item_failures.push(failure);
    response
}

/// Orders sequence numbers by value: they have up to forty digits, and not always the same number
/// of them.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html>.
fn rank(number: &str) -> (usize, &str) {
    let digits = number.trim_start_matches('0');
    (digits.len(), digits)
}

/// It is there at every level, so that a lone error still names its record. The item's key is
/// not in it: keys may be personal.
fn span(record: &EventRecord) -> Span {
    error_span!(
        "record",
        event_id = record.event_id,
        event_name = record.event_name,
        sequence_number = record.change.sequence_number,
        stream = record.event_source_arn,
    )
}

use std::{collections::BTreeSet, future::ready, num::NonZeroUsize};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsMessage};
use runtime::{BoxError, Done, Failure};
use tower::Service;
use tracing::{Span, error_span};

use crate::batch::{
    CONCURRENCY_MAX, Disposition, LeaveToRedrive, OrderedBatch, OrderingKey, Poison, QueueBatch,
    QueueRecord,
    complete::{Malformed, complete, log_held_back},
};

/// Passes the records of an SQS queue to a service, one call each.
///
/// Whether the queue is a FIFO queue is read from each record, not set here:
///
/// - On a standard queue the records of one [`key`](Self::key) are handled in the order of the
///   batch, also after one of them has failed: such a queue promises no order, so a service that
///   relied on it could not work. Without a key no record waits for another.
/// - On a FIFO queue the records of one message group are handled in their order, and the first
///   that fails holds back the rest of its group: they are answered as failed, unhandled.
#[derive(Debug, Clone)]
pub struct Queue<S, P = LeaveToRedrive, K = fn(&SqsMessage) -> Option<String>> {
    service: S,
    poison: P,
    key: K,
    concurrency_max: NonZeroUsize,
}

impl<S> Queue<S> {
    /// Calls `service` for every record. A permanent failure is [left](LeaveToRedrive) to the
    /// queue's own redrive.
    pub fn new(service: S) -> Self {
        Self { service, poison: LeaveToRedrive, key: |_| None, concurrency_max: CONCURRENCY_MAX }
    }
}

impl<S, P, K> Queue<S, P, K> {
    /// Calls `poison` for every record that can never be handled, e.g. to send it to the
    /// dead-letter queue at once instead of after `maxReceiveCount` tries. If it fails the record
    /// is answered as failed.
    pub fn on_poison<Q>(self, poison: Q) -> Queue<S, Q, K>
    where
        Q: Service<Poison<SqsMessage>, Response = Disposition>,
    {
        let Self { service, key, concurrency_max, .. } = self;
        Queue { service, poison, key, concurrency_max }
    }

    /// Keeps the records of a standard queue in order for which `key` gives the same. One for which
    /// it gives nothing stands alone. A FIFO queue has its groups instead.
    pub fn key<L>(self, key: L) -> Queue<S, P, L>
    where
        L: Fn(&SqsMessage) -> Option<String>,
    {
        let Self { service, poison, concurrency_max, .. } = self;
        Queue { service, poison, key, concurrency_max }
    }

    /// Works on this many keys or groups at the same time, instead of on [`CONCURRENCY_MAX`].
    pub fn concurrency_max(self, concurrency_max: NonZeroUsize) -> Self {
        Self { concurrency_max, ..self }
    }

    /// Has every record handled, and answers with those that are to be delivered again.
    ///
    /// A record that is malformed, in any part that its service may read, is a permanent failure
    /// from the start. One without a message id has the whole batch delivered again.
    ///
    /// Within [`runtime::with_deadline`] it answers before the time is up: see
    /// [`OrderedBatch::process`].
    ///
    /// The answer is one that Lambda reads only if the mapping has `ReportBatchItemFailures`.
    /// Without it, every message is deleted, and the answer is ignored.
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.
    ///
    /// # Panics
    ///
    /// When the service does. The Lambda runtime turns that into a failed invocation, or the
    /// process ends: either way the whole batch is delivered again, and what was handled comes as a
    /// duplicate.
    pub async fn handle(&self, batch: impl Into<QueueBatch>) -> SqsBatchResponse
    where
        S: Service<SqsMessage, Response = Done, Error = Failure> + Clone,
        P: Service<Poison<SqsMessage>, Response = Disposition> + Clone,
        P::Error: Into<BoxError>,
        K: Fn(&SqsMessage) -> Option<String>,
    {
        let batch = batch.into();
        let ids = MessageIds::of(&batch);
        let ordering_key = |QueueRecord { message, .. }: &QueueRecord| match fifo_group(message) {
            Some(group) => OrderingKey::Group(group.to_owned()),
            None => (self.key)(message).map_or(OrderingKey::None, OrderingKey::Key),
        };
        let handle = |QueueRecord { message, malformed, malformed_attribute }: QueueRecord| {
            let span = span(&message);
            let is_named = message.message_id.is_some();
            let malformed = malformed.or(malformed_attribute);
            let malformed = malformed.map(|reason| {
                if is_named { Malformed::Named(reason) } else { Malformed::Unnamed(reason) }
            });
            complete(message, malformed, span, self.service.clone(), self.poison.clone())
        };
        let hold_back = |_, held_back: Vec<QueueRecord>| {
            held_back.iter().for_each(|record| log_held_back(&span(&record.message)));
            ready(())
        };
        let failed = OrderedBatch::of(batch.records, ordering_key).process(
            self.concurrency_max,
            handle,
            hold_back,
        );
        ids.response(failed.await)
    }
}

/// The message ids of a batch, by which its response names records.
#[derive(Debug)]
pub struct MessageIds(Vec<String>);

impl MessageIds {
    /// Those of `batch`, in its order.
    pub fn of(batch: &QueueBatch) -> Self {
        let id = |record: &QueueRecord| record.message.message_id.clone().unwrap_or_default();
        Self(batch.records.iter().map(id).collect())
    }

    /// Asks Lambda to deliver the records at the `failed` positions again, and to delete the
    /// others.
    ///
    /// An id that several of them have is named once. One without an id is named by an empty one,
    /// which Lambda takes to mean that the whole batch failed: nothing is lost, and the other
    /// records come once more as duplicates.
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.
    pub fn response(&self, failed: impl IntoIterator<Item = usize>) -> SqsBatchResponse {
        let mut named = BTreeSet::new();
        let mut response = SqsBatchResponse::default();
        for id in failed.into_iter().filter_map(|position| self.0.get(position)) {
            if named.insert(id) {
                response.add_failure(id.clone());
            }
        }
        response
    }
}

/// The message group of a record, if it comes from a FIFO queue. On a standard queue a group is
/// only a hint to share fairly, and keeps no order.
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html>.
pub fn fifo_group(message: &SqsMessage) -> Option<&str> {
    let queue = message.event_source_arn.as_deref()?;
    let group = message.attributes.get("MessageGroupId")?;
    queue.ends_with(".fifo").then_some(group)
}

/// How often a record was received, this time included; 1 if its queue does not count.
pub fn receive_count(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// It is there at every level, so that a lone error still names its record.
fn span(message: &SqsMessage) -> Span {
    error_span!(
        "record",
        message_id = message.message_id,
        receive_count = receive_count(message),
        queue = message.event_source_arn,
    )
}

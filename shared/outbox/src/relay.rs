use std::collections::{BTreeMap, HashMap};

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use event_envelope::{Envelope, EventId};
use runtime::chain;
use tracing::{Level, Span, error, error_span, event, field::Empty, info, warn};

use crate::{
    DeadLetters, NotPublished, Place, Published, Publisher, Sources, envelopes_of, stored::table_of,
};

/// Publishes the events in the records of a stream. A record that can never be published blocks no
/// other one.
#[derive(Debug, Clone)]
pub struct Relay {
    publisher: Publisher,
    sources: Sources,
    dead_letters: DeadLetters,
}

impl Relay {
    /// Publishes by `publisher` the events that `sources` allow, and dead-letters to `dead_letters`
    /// the records that can never be published.
    pub const fn new(publisher: Publisher, sources: Sources, dead_letters: DeadLetters) -> Self {
        Self { publisher, sources, dead_letters }
    }

    /// Publishes the events in the records of `batch`, and returns the first record that has to
    /// be delivered again, because the bus did not accept all of its events. Lambda delivers that
    /// one, and all that follow it, again.
    ///
    /// The records behind a failed one are published nevertheless. They come again, as duplicates;
    /// but if the failed one never succeeds, Lambda discards the rest of its batch with it, and
    /// an event that has not been published by then is lost.
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>.
    ///
    /// A record that can never be published is dead-lettered and acknowledged: one
    /// that cannot be read, has an event of a source that may not publish from its table, or one
    /// that is too large or that the bus refuses for good. Its other events are published. If the
    /// queue does not accept it, it is delivered again.
    ///
    /// An event that is in several records of the batch, as when an item changed twice with the
    /// same events in `outgoing`, is published once.
    pub async fn relay(&self, batch: Event) -> DynamoDbEventResponse {
        let mut outgoing = OutboxBatch::default();
        let mut unpublishable = Unpublishable::default();
        for (position, record) in batch.records.iter().enumerate() {
            match envelopes_of(record) {
                Ok(envelopes) => {
                    let allowed = self.allowed(record, envelopes, |refused| {
                        unpublishable.entry(position).or_default().push(refused);
                    });
                    outgoing.add(position, allowed);
                }
                Err(error) => {
                    event!(target: "metrics", Level::TRACE, monotonic_counter.RecordsUnreadable = 1_u64);
                    unpublishable.entry(position).or_default().push(chain(&error));
                }
            }
        }
        let failed = outgoing.publish(&self.publisher, &mut unpublishable).await;
        let failed =
            self.dead_letter(&batch.records, &unpublishable, failed.into_iter().min()).await;
        info!(
            records = batch.records.len(),
            events = outgoing.envelopes.len(),
            dead = unpublishable.len(),
            is_complete = failed.is_none(),
            "relayed"
        );
        response(failed.and_then(|position| batch.records.get(position)))
    }

    /// Those of `envelopes` that may be published from the table and key of `record`.
    fn allowed(
        &self,
        record: &EventRecord,
        mut envelopes: Vec<Envelope>,
        mut refuse: impl FnMut(String),
    ) -> Vec<Envelope> {
        let place = Place { table: table_of(record), key: &record.change.keys };
        envelopes.retain(|envelope| {
            let checked = self.sources.check(place, &envelope.source);
            checked.map_err(|refused| refuse(format!("{}: {refused}", envelope.event_id))).is_ok()
        });
        envelopes
    }

    /// Sends records that can never be published to the dead-letter queue, up to the first one that
    /// is delivered again anyway: those behind it are too, and would be sent each time. Returns
    /// the first record that has to be delivered again.
    async fn dead_letter(
        &self,
        records: &[EventRecord],
        unpublishable: &Unpublishable,
        first_failed: Option<usize>,
    ) -> Option<usize> {
        for (position, reasons) in unpublishable.range(..first_failed.unwrap_or(records.len())) {
            let Some(record) = records.get(*position) else { continue };
            let sent = self.dead_letters.send(record, reasons).await;
            let table = table_of(record);
            let sequence_number = &record.change.sequence_number;
            let reason = reasons.join("; ");
            if let Err(error) = sent {
                let error = chain(error.as_ref());
                error!(
                    table,
                    sequence_number,
                    reason,
                    error,
                    "a record that can never be published was not taken by the dead-letter queue"
                );
                return Some(*position);
            }
            event!(target: "metrics", Level::TRACE, monotonic_counter.RecordsDeadLettered = 1_u64);
            error!(
                table,
                sequence_number,
                reason,
                "a record can never be published: it is in the dead-letter queue"
            );
        }
        first_failed
    }
}

/// The records that can never be published, each with the reasons.
type Unpublishable = BTreeMap<usize, Vec<String>>;

/// The events of a batch, each once, and which records they are of.
#[derive(Debug, Default)]
struct OutboxBatch {
    envelopes: Vec<Envelope>,
    /// For each envelope the first record it is in: as long as that one is delivered again, so are
    /// the others.
    records: Vec<usize>,
    known: HashMap<EventId, usize>,
}

impl OutboxBatch {
    fn add(&mut self, record: usize, envelopes: Vec<Envelope>) {
        for envelope in envelopes {
            let known = self.known.get(&envelope.event_id);
            // The consumers detect one id with two contents.
            if known.and_then(|index| self.envelopes.get(*index)) == Some(&envelope) {
                continue;
            }
            self.known.insert(envelope.event_id.clone(), self.envelopes.len());
            self.envelopes.push(envelope);
            self.records.push(record);
        }
    }

    /// Publishes them. Returns the records of those that the bus did not accept this time, and adds
    /// to `unpublishable` the records of events that it never will.
    async fn publish(
        &self,
        publisher: &Publisher,
        unpublishable: &mut Unpublishable,
    ) -> Vec<usize> {
        let spans: Vec<Span> =
            self.envelopes.iter().map(|envelope| span(envelope, publisher)).collect();
        let outcomes = publisher.publish(&self.envelopes).await;
        let mut failed = Vec::new();
        let batch = self.envelopes.iter().zip(&self.records).zip(spans);
        for (((envelope, record), span), outcome) in batch.zip(outcomes) {
            let _within = span.entered();
            measure(envelope, &outcome, publisher);
            let Err(error) = outcome else { continue };
            if error.is_retryable() {
                failed.push(*record);
                warn!(%error, "not yet published");
            } else {
                let reason = format!("{}: {error}", envelope.event_id);
                unpublishable.entry(*record).or_default().push(reason);
                error!(%error, "cannot be published");
            }
        }
        failed
    }
}

/// The span of publishing `envelope`. It is there at every level, so that a lone error still has
/// the ids of its event.
fn span(envelope: &Envelope, publisher: &Publisher) -> Span {
    let span = error_span!(
        "publish",
        otel.kind = "producer",
        event_id = envelope.event_id.as_str(),
        event_type = envelope.event_type,
        correlation_id = envelope.correlation_id.as_str(),
        causation_id = envelope.causation_id.as_ref().map(EventId::as_str),
        aggregate_id = envelope.aggregate_id.as_str(),
        trace_id = Empty,
        span_id = Empty,
        parent_span_id = Empty,
    );
    if let Some(child) = publisher.tracer.child_context(envelope.metadata.traceparent.as_deref()) {
        child.record(&span);
    }
    span
}

/// Records the metrics of an event: its lag is the time from when it happened until the
/// bus has accepted it.
fn measure(envelope: &Envelope, outcome: &Result<Published, NotPublished>, publisher: &Publisher) {
    let is_published = outcome.is_ok();
    let lag = || (publisher.clock.now() - envelope.timestamp).as_seconds_f64() * 1_000.0;
    event!(
        target: "metrics",
        Level::TRACE,
        monotonic_counter.EventsPublished = is_published.then_some(1_u64),
        monotonic_counter.EventsNotPublished = (!is_published).then_some(1_u64),
        histogram.PublishLagMs = is_published.then(|| lag().max(0.0)),
        EventType = envelope.event_type,
    );
}

/// A record without a sequence number has no identifier, which Lambda takes to mean the whole
/// batch.
fn response(first_failed: Option<&EventRecord>) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    response.batch_item_failures.extend(first_failed.map(|record| {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier.clone_from(&record.change.sequence_number);
        failure
    }));
    response
}

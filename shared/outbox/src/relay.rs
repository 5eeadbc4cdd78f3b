use std::collections::HashMap;

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use event_envelope::{Envelope, EventId};
use outcome::chain;
use tracing::{Level, Span, error, error_span, event, field::Empty, info, warn};

use crate::{NotPublished, Published, Publisher, envelopes_of};

/// Publishes what the records of `batch` say, and answers with the first record of which the bus
/// has not accepted everything. Lambda brings that one again, and all that follow it.
///
/// The records behind a failed one are published nevertheless. They come again, as duplicates;
/// but if the failed one never succeeds, Lambda gives up the rest of its batch with it, and what
/// has not been published by then is lost.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>.
///
/// An event that stands in several records of the batch, as when an item changed twice with the
/// same events still to say, is published once.
pub async fn relay(batch: Event, publisher: &Publisher) -> DynamoDbEventResponse {
    let mut letters = Letters::default();
    let mut failed = Vec::new();
    for (position, record) in batch.records.iter().enumerate() {
        match envelopes_of(record) {
            Ok(envelopes) => letters.add(position, envelopes),
            Err(error) => {
                failed.push(position);
                event!(target: "metrics", Level::TRACE, monotonic_counter.RecordsUnreadable = 1_u64);
                error!(
                    record = record.event_id,
                    sequence_number = record.change.sequence_number,
                    source = record.event_source_arn,
                    error = chain(&error),
                    "a stored record cannot be read: the stream gives it up in the end"
                );
            }
        }
    }
    failed.extend(letters.publish(publisher).await);
    let first = failed.iter().min().and_then(|position| batch.records.get(*position));
    info!(
        records = batch.records.len(),
        events = letters.envelopes.len(),
        failed = failed.len(),
        "relayed"
    );
    response(first)
}

/// The events of a batch, each once, and which records they are of.
#[derive(Debug, Default)]
struct Letters {
    envelopes: Vec<Envelope>,
    /// For each envelope the first record it stands in: as long as that one comes again, so do the
    /// others.
    records: Vec<usize>,
    known: HashMap<EventId, usize>,
}

impl Letters {
    fn add(&mut self, record: usize, envelopes: Vec<Envelope>) {
        for envelope in envelopes {
            let known = self.known.get(&envelope.event_id);
            // One id with two contents is for the consumers to find out.
            if known.and_then(|index| self.envelopes.get(*index)) == Some(&envelope) {
                continue;
            }
            self.known.insert(envelope.event_id.clone(), self.envelopes.len());
            self.envelopes.push(envelope);
            self.records.push(record);
        }
    }

    /// Publishes them. Returns the records of those that the bus did not accept.
    async fn publish(&self, publisher: &Publisher) -> Vec<usize> {
        let spans: Vec<Span> = self.envelopes.iter().map(|it| span(it, publisher)).collect();
        let outcomes = publisher.publish(&self.envelopes).await;
        let mut failed = Vec::new();
        let letters = self.envelopes.iter().zip(&self.records).zip(spans);
        for (((envelope, record), span), outcome) in letters.zip(outcomes) {
            let _within = span.entered();
            measure(envelope, &outcome, publisher);
            let Err(error) = outcome else { continue };
            failed.push(*record);
            if error.is_retryable() {
                warn!(%error, "not yet published");
            } else {
                error!(%error, "cannot be published");
            }
        }
        failed
    }
}

/// The span of publishing `envelope`. It is there at every level, so that a lone error still says
/// what it is about.
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
    if let Some(hop) = publisher.traces.hop(envelope.metadata.traceparent.as_deref()) {
        hop.record(&span);
    }
    span
}

/// Says what became of an event, for metrics: its lag is the time from when it happened until the
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

/// A record without a sequence number is named by nothing, which Lambda takes to mean the whole
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

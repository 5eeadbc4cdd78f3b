use std::collections::HashMap;

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use event_envelope::{Envelope, EventId};
use outcome::chain;
use tracing::{error, info, warn};

use crate::{Publisher, envelopes_of};

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
        let outcomes = publisher.publish(&self.envelopes).await;
        let mut failed = Vec::new();
        for ((envelope, record), outcome) in self.envelopes.iter().zip(&self.records).zip(outcomes)
        {
            let Err(error) = outcome else { continue };
            failed.push(*record);
            let (event_id, correlation_id) =
                (envelope.event_id.as_str(), envelope.correlation_id.as_str());
            let event_type = &envelope.event_type;
            if error.is_retryable() {
                warn!(event_id, event_type, correlation_id, %error, "not yet published");
            } else {
                error!(event_id, event_type, correlation_id, %error, "cannot be published");
            }
        }
        failed
    }
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

//! The event source mappings of the template.

use std::time::Duration;

use local_dynamodb::DynamoDb;
use local_lambda::{
    LambdaHost,
    event_source::{
        EventSourceMapping, MappingError, SqsSource, StartingPosition, StreamSource, parse_filters,
    },
};
use local_sqs::{Sqs, queue_name_of_arn};
use local_template::{Mapping, Source, Template};

use super::StackError;

/// The pause before a failed batch of a stream is tried again. Doubled each time.
const RETRY_DELAY: Duration = Duration::from_millis(250);
/// The least that `MaximumConcurrency` can be.
const CONCURRENCY_MIN: usize = 2;

/// What mappings read from, and whom they invoke.
pub(super) struct Sources<'s> {
    pub(super) database: &'s DynamoDb,
    pub(super) queues: &'s Sqs,
    pub(super) functions: &'s LambdaHost,
    /// Batches that were taken while no process is free to work on them would only be smaller.
    pub(super) batches_max: usize,
}

impl Sources<'_> {
    /// Starts every mapping that is enabled and whose function's role lets it read.
    pub(super) fn start(&self, template: &Template) -> Result<Vec<EventSourceMapping>, StackError> {
        let enabled = template.mappings.iter().filter(|mapping| mapping.enabled);
        enabled
            .filter(|mapping| template.lacking(mapping).is_none())
            .map(|mapping| {
                let name = mapping.logical_id.clone();
                self.start_one(mapping).map_err(|source| StackError::Mapping { name, source })
            })
            .collect()
    }

    fn concurrency(&self, declared: Option<u32>) -> usize {
        declared.map_or(self.batches_max, count).min(self.batches_max).max(CONCURRENCY_MIN)
    }

    fn start_one(&self, mapping: &Mapping) -> Result<EventSourceMapping, MappingError> {
        match &mapping.source {
            Source::Queue { arn, concurrency_max } => {
                let source = SqsSource {
                    concurrency_max: Some(self.concurrency(*concurrency_max)),
                    ..queue_source(mapping, queue_name_of_arn(arn)?)?
                };
                EventSourceMapping::from_queue(self.functions, self.queues, source)
            }
            Source::Stream {
                arn,
                starting_position,
                bisects,
                retries_max,
                age_max,
                on_failure_arn,
                // One batch of a stream is worked on at a time: more would change the pace, not
                // the outcome.
                parallelization: _,
            } => {
                let source = StreamSource {
                    starting_position: match starting_position {
                        local_template::StartingPosition::TrimHorizon => {
                            StartingPosition::TrimHorizon
                        }
                        local_template::StartingPosition::Latest => StartingPosition::Latest,
                    },
                    bisect_batch_on_function_error: *bisects,
                    retry_attempts_max: *retries_max,
                    record_age_max: *age_max,
                    on_failure: on_failure_arn.clone(),
                    ..stream_source(mapping, table_of(arn))?
                };
                EventSourceMapping::from_stream(self.functions, self.database, self.queues, source)
            }
        }
    }
}

fn queue_source(mapping: &Mapping, queue: &str) -> Result<SqsSource, MappingError> {
    Ok(SqsSource {
        batch_size: count(mapping.batch_size),
        batching_window: mapping.batching_window,
        report_batch_item_failures: mapping.reports_item_failures,
        filters: filters(mapping)?,
        ..SqsSource::new(queue, &mapping.function)
    })
}

/// What streams have in common with queues.
fn stream_source(mapping: &Mapping, table: &str) -> Result<StreamSource, MappingError> {
    Ok(StreamSource {
        batch_size: count(mapping.batch_size),
        batching_window: mapping.batching_window,
        report_batch_item_failures: mapping.reports_item_failures,
        retry_delay: RETRY_DELAY,
        filters: filters(mapping)?,
        ..StreamSource::new(table, &mapping.function)
    })
}

/// The table in `arn:aws:dynamodb:…:table/NAME/stream/LABEL`.
fn table_of(stream_arn: &str) -> &str {
    let after = stream_arn.split_once(":table/").map_or(stream_arn, |(_, rest)| rest);
    after.split_once("/stream/").map_or(after, |(table, _)| table)
}

fn filters(mapping: &Mapping) -> Result<Vec<local_event_pattern::Pattern>, MappingError> {
    let patterns: Vec<String> = mapping.filters.iter().map(ToString::to_string).collect();
    parse_filters(patterns.iter().map(String::as_str))
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_that_of_its_table() {
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/local-parcels/stream/2026";
        assert_eq!(table_of(arn), "local-parcels");
    }
}

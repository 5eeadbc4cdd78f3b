//! The event source mappings of the template.

use std::time::Duration;

use local_dynamodb::DynamoDb;
use local_lambda::{
    LambdaHost,
    event_source::{EventSourceMapping, MappingDescription, MappingError, SqsSource, StreamSource},
};
use local_sqs::Sqs;
use local_template::{Mapping, Template};

use super::{
    StackError,
    specs::{self, MappingSpec},
};

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

    fn concurrency(&self, declared: Option<usize>) -> usize {
        declared.unwrap_or(self.batches_max).min(self.batches_max).max(CONCURRENCY_MIN)
    }

    fn start_one(&self, mapping: &Mapping) -> Result<EventSourceMapping, MappingError> {
        let (functions, queues) = (self.functions, self.queues);
        match specs::mapping(mapping)? {
            MappingSpec::Queue(source) => {
                let concurrency_max = Some(self.concurrency(source.concurrency_max));
                let source = SqsSource { concurrency_max, ..source };
                EventSourceMapping::from_queue(functions, queues, source)
            }
            MappingSpec::Stream(source) => {
                let source = StreamSource { retry_delay: RETRY_DELAY, ..source };
                EventSourceMapping::from_stream(functions, self.database, queues, source)
            }
        }
    }
}

/// The mappings of the template as clients are told of them: `running` are those that are at work.
pub(super) fn descriptions(
    template: &Template,
    running: &[EventSourceMapping],
) -> Vec<MappingDescription> {
    let description = |mapping: &Mapping| {
        let function = template.function(&mapping.function)?;
        let is_it = |it: &&EventSourceMapping| {
            it.function() == mapping.function && specs::source_name(&mapping.source) == it.source()
        };
        Some(MappingDescription {
            source_arn: mapping.source.arn().to_owned(),
            function_arn: function.arn.clone(),
            batch_size: mapping.batch_size,
            batching_window: mapping.batching_window,
            running: running.iter().find(is_it).filter(|_| mapping.enabled).cloned(),
        })
    };
    template.mappings.iter().filter_map(description).collect()
}

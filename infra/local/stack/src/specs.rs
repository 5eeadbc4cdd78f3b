//! What a template declares, in the form that the services take.

use local_core::AwsError;
use local_dynamodb::DynamoDb;
use local_eventbridge::{ArchiveSpec, BusSpec, RuleSpec, TargetSpec, Topology};
use local_gateway::{RouteSpec, SocketRouteSpec, SocketSpec};
use local_lambda::event_source::{
    MappingError, SqsSource, StartingPosition, StreamSource, parse_filters,
};
use local_sqs::{QueueSpec, Redrive, Sqs, queue_name_of_arn};
use local_template::{Function, Mapping, Queue, Source, Template};

use super::{StackError, options::Redelivery};

/// Creates the tables of a template.
///
/// # Errors
/// A table that DynamoDB refuses, by its name in the template.
pub async fn create_tables(template: &Template, database: &DynamoDb) -> Result<(), StackError> {
    for table in &template.tables {
        database.create_table(table).await.map_err(refused(&table.logical_id))?;
    }
    Ok(())
}

/// Creates the queues of a template.
///
/// # Errors
/// A queue that SQS refuses, by its name in the template.
pub fn create_queues(
    template: &Template,
    queues: &Sqs,
    redelivery: Redelivery,
) -> Result<(), StackError> {
    for queue in &template.queues {
        let spec = queue_spec(template, queue, redelivery).map_err(refused(&queue.logical_id))?;
        queues.create_queue(spec).map_err(refused(&queue.logical_id))?;
    }
    queues.validate().map_err(refused("a dead-letter queue"))
}

fn refused(name: &str) -> impl Fn(AwsError) -> StackError {
    move |source| StackError::Resource { name: name.to_owned(), source }
}

fn queue_spec(
    template: &Template,
    queue: &Queue,
    redelivery: Redelivery,
) -> Result<QueueSpec, AwsError> {
    let redrive = match &queue.redrive {
        Some(redrive) => Some(Redrive {
            dead_letter_queue: queue_name_of_arn(&redrive.dead_letter_arn)?.to_owned(),
            max_receive_count: redrive.receives_max,
        }),
        None => None,
    };
    let visibility_timeout = match (redelivery, consumer(template, queue)) {
        (Redelivery::Soon, Some(consumer)) => consumer.timeout,
        (Redelivery::Soon, None) | (Redelivery::AsDeclared, _) => queue.visibility_timeout,
    };
    Ok(QueueSpec {
        name: queue.name.clone(),
        visibility_timeout,
        retention: queue.retention,
        delay: queue.delay,
        receive_wait: queue.receive_wait,
        maximum_message_size: usize::try_from(queue.message_bytes_max).unwrap_or(usize::MAX),
        redrive,
        ..QueueSpec::default()
    })
}

/// The function that works on a queue.
fn consumer<'t>(template: &'t Template, queue: &Queue) -> Option<&'t Function> {
    let of_queue =
        |source: &Source| matches!(source, Source::Queue { arn, .. } if *arn == queue.arn);
    let mapping = template.mappings.iter().find(|mapping| of_queue(&mapping.source))?;
    template.function(&mapping.function)
}

/// The buses of a template, with their rules and archives.
pub fn topology(template: &Template) -> Topology {
    let target = |it: &local_template::Target| TargetSpec {
        id: it.id.clone(),
        arn: it.arn.clone(),
        retry: it.retry,
        dead_letter_arn: it.dead_letter_arn.clone(),
    };
    let rule = |it: &local_template::Rule| RuleSpec {
        name: it.name.clone(),
        bus: it.bus.clone(),
        pattern: it.pattern.clone(),
        enabled: it.enabled,
        targets: it.targets.iter().map(target).collect(),
    };
    let archive = |it: &local_template::Archive| ArchiveSpec {
        name: it.name.clone(),
        bus: it.bus.clone(),
        pattern: it.pattern.clone(),
        retention_days: it.retention_days.unwrap_or(0),
    };
    Topology {
        buses: template.buses.iter().map(|it| BusSpec { name: it.name.clone() }).collect(),
        rules: template.rules.iter().map(rule).collect(),
        archives: template.archives.iter().map(archive).collect(),
    }
}

/// The routes of a template.
pub(crate) fn routes(template: &Template) -> Vec<RouteSpec> {
    let route = |it: &local_template::Route| RouteSpec {
        method: it.method.clone(),
        path: it.path.clone(),
        function: it.function.clone(),
        access: access(it.access),
        scopes: it.scopes.clone(),
    };
    template.routes.iter().map(route).collect()
}

/// The WebSocket API of a template.
pub(crate) fn sockets(api: &local_template::SocketApi) -> SocketSpec {
    let route = |it: &local_template::SocketRoute| SocketRouteSpec {
        key: it.key.clone(),
        function: it.function.clone(),
        timeout: it.timeout,
        access: socket_access(&it.access),
    };
    SocketSpec {
        id: api.logical_id.clone(),
        stage: api.stage.clone(),
        selection: api.selection.clone(),
        routes: api.routes.iter().map(route).collect(),
    }
}

fn socket_access(access: &local_template::SocketAccess) -> local_gateway::SocketAccess {
    let source = |it: &local_template::IdentitySource| match it {
        local_template::IdentitySource::Header(name) => {
            local_gateway::IdentitySource::Header(name.clone())
        }
        local_template::IdentitySource::Query(name) => {
            local_gateway::IdentitySource::Query(name.clone())
        }
    };
    match access {
        local_template::SocketAccess::Anyone => local_gateway::SocketAccess::Anyone,
        local_template::SocketAccess::Iam => local_gateway::SocketAccess::Iam,
        local_template::SocketAccess::Function(authorizer) => {
            local_gateway::SocketAccess::Function(local_gateway::SocketAuthorizer {
                function: authorizer.function.clone(),
                sources: authorizer.sources.iter().map(source).collect(),
            })
        }
    }
}

fn access(access: local_template::Access) -> local_gateway::Access {
    match access {
        local_template::Access::Anyone => local_gateway::Access::Anyone,
        local_template::Access::Token => local_gateway::Access::Token,
        local_template::Access::Iam => local_gateway::Access::Iam,
    }
}

/// The settings of a mapping.
#[derive(Debug, Clone)]
pub enum MappingSpec {
    /// From a queue.
    Queue(SqsSource),
    /// From a stream.
    Stream(StreamSource),
}

/// The settings of a mapping.
///
/// # Errors
/// A filter that is no pattern, or a queue that is none.
pub fn mapping(mapping: &Mapping) -> Result<MappingSpec, MappingError> {
    let batch_size = count(mapping.batch_size);
    let batching_window = mapping.batching_window;
    let report_batch_item_failures = mapping.reports_item_failures;
    let filters = filters(mapping)?;
    match &mapping.source {
        Source::Queue { arn, concurrency_max } => Ok(MappingSpec::Queue(SqsSource {
            batch_size,
            batching_window,
            report_batch_item_failures,
            filters,
            concurrency_max: concurrency_max.map(count),
            ..SqsSource::new(queue_name_of_arn(arn)?, &mapping.function)
        })),
        Source::Stream {
            arn,
            starting_position,
            bisects,
            retries_max,
            age_max,
            on_failure_arn,
            // One batch of a stream is worked on at a time: more would change the pace, not the
            // outcome.
            parallelization: _,
        } => Ok(MappingSpec::Stream(StreamSource {
            batch_size,
            batching_window,
            starting_position: match starting_position {
                local_template::StartingPosition::TrimHorizon => StartingPosition::TrimHorizon,
                local_template::StartingPosition::Latest => StartingPosition::Latest,
            },
            report_batch_item_failures,
            bisect_batch_on_function_error: *bisects,
            retry_attempts_max: *retries_max,
            record_age_max: *age_max,
            on_failure: on_failure_arn.clone(),
            filters,
            ..StreamSource::new(table_of(arn), &mapping.function)
        })),
    }
}

/// The name of the queue or table that a mapping reads.
pub(crate) fn source_name(source: &Source) -> &str {
    match source {
        Source::Queue { arn, .. } => queue_name_of_arn(arn).unwrap_or_default(),
        Source::Stream { arn, .. } => table_of(arn),
    }
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

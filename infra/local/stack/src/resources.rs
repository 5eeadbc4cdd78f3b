//! From what the template says to what the services are told.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use local_core::AwsError;
use local_dynamodb::DynamoDb;
use local_eventbridge::{ArchiveSpec, BusSpec, RuleSpec, TargetSpec, Topology};
use local_gateway::RouteSpec;
use local_lambda::{AsyncConfig, FunctionSpec};
use local_sqs::{QueueSpec, Redrive, Sqs, queue_name_of_arn};
use local_template::{Function, Queue, Source, Template};

use super::{
    StackError, Surroundings, logs,
    options::{Redelivery, StackOptions},
};

pub(super) async fn create_tables(
    template: &Template,
    database: &DynamoDb,
) -> Result<(), StackError> {
    for table in &template.tables {
        database.create_table(table).await.map_err(refused(&table.logical_id))?;
    }
    Ok(())
}

pub(super) fn create_queues(
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

pub(super) fn topology(template: &Template) -> Topology {
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

pub(super) fn routes(template: &Template) -> Vec<RouteSpec> {
    let route = |it: &local_template::Route| RouteSpec {
        method: it.method.clone(),
        path: it.path.clone(),
        function: it.function.clone(),
        access: access(it.access),
        scopes: it.scopes.clone(),
    };
    template.routes.iter().map(route).collect()
}

fn access(access: local_template::Access) -> local_gateway::Access {
    match access {
        local_template::Access::Anyone => local_gateway::Access::Anyone,
        local_template::Access::Token => local_gateway::Access::Token,
        local_template::Access::Iam => local_gateway::Access::Iam,
    }
}

pub(super) fn functions(
    template: &Template,
    options: &StackOptions,
) -> Result<Vec<FunctionSpec>, StackError> {
    for name in options.environment.keys() {
        if !template.functions.iter().any(|function| is_called(function, name)) {
            let known: Vec<_> = template.functions.iter().map(|it| it.binary.as_str()).collect();
            return Err(StackError::UnknownFunction {
                name: name.clone(),
                known: known.join(", "),
            });
        }
    }
    let spec = |function| function_spec(function, &template.secrets, options);
    Ok(template.functions.iter().map(spec).collect())
}

/// The names that people have for a function.
fn is_called(function: &Function, name: &str) -> bool {
    function.name == name || function.binary == name || function.logical_id == name
}

fn function_spec(
    function: &Function,
    secrets: &BTreeSet<String>,
    options: &StackOptions,
) -> FunctionSpec {
    let mut environment = function.environment.clone();
    for (_, more) in options.environment.iter().filter(|(name, _)| is_called(function, name)) {
        environment.extend(more.clone());
    }
    let short = logs::short(&function.name, &options.name).to_owned();
    // One that comes twice would be taken for a name that two functions share.
    let aliases = BTreeSet::from([function.binary.clone(), function.logical_id.clone(), short]);
    let reserved = function.reserved_concurrency.and_then(|it| usize::try_from(it).ok());
    FunctionSpec {
        name: function.name.clone(),
        aliases: aliases.into_iter().collect(),
        binary: binary(&options.binaries, &function.binary),
        environment,
        secrets: secrets.clone(),
        timeout: function.timeout,
        memory_mb: function.memory_mib,
        concurrency_max: reserved.unwrap_or(options.processes_max),
        asynchronous: AsyncConfig {
            retries_max: function.async_invoke.retries_max,
            event_age_max: function.async_invoke.age_max,
            on_failure: function.async_invoke.on_failure_arn.clone(),
        },
    }
}

fn binary(directory: &Path, name: &str) -> std::path::PathBuf {
    directory.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// What a deployment would be asked for: what was given, and what the surroundings know.
pub(super) fn parameters(
    surroundings: &dyn Surroundings,
    outside: &str,
    declared: &BTreeSet<String>,
    own: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut parameters = surroundings.parameters(outside);
    // What a template does not ask for, it is not given.
    parameters.retain(|name, _| declared.contains(name));
    parameters.extend(own.clone());
    parameters
}

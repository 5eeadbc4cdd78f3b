//! What `infra/template.yaml` says, as the services want to hear it.

use std::{collections::BTreeMap, path::Path, sync::LazyLock, time::Duration};

use local_dynamodb::{DynamoDb, Storage};
use local_event_pattern::Pattern;
use local_eventbridge::{ArchiveSpec, BusSpec, RuleSpec, TargetSpec, Topology};
use local_iam::Authority;
use local_lambda::event_source::StreamSource;
use local_sqs::{QueueSpec, Redrive, Sqs};
use local_template::{LoadOptions, Mapping, Queue, Source, Template};

/// What physical names begin with.
pub(crate) const STACK: &str = "orderly";
/// Nobody listens there: clients reach services in process.
pub(crate) const ENDPOINT: &str = "http://127.0.0.1:9000";
/// The pause before a failed batch of a stream is tried again, doubled each time.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The template, resolved.
pub(crate) static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let given = ["JwtIssuer", "JwtAudience", "CarrierUrl"];
    let value = |name: &str| (name.to_owned(), "https://example.com".to_owned());
    let mut parameters: BTreeMap<_, _> = given.into_iter().map(value).collect();
    for name in ["PaymentGatewayApiKeySecret", "PaymentWebhookSecret", "CarrierApiKeySecret"] {
        let secret = format!("arn:aws:ssm:us-east-1:000000000000:parameter/{name}");
        parameters.insert(name.to_owned(), secret);
    }
    parameters.insert("SenderEmail".to_owned(), "shop@example.com".to_owned());
    let options = LoadOptions { stack_name: STACK, endpoint: ENDPOINT, parameters: &parameters };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/template.yaml");
    Template::load(&path, &options).unwrap()
});

/// Decides what functions may do.
pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| TEMPLATE.authority());

/// The last part of an ARN.
pub(crate) fn name_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

/// A database with every table.
pub(crate) async fn database() -> DynamoDb {
    let database = DynamoDb::open(&Storage::Memory).unwrap();
    for table in &TEMPLATE.tables {
        database.create_table(table).await.unwrap();
    }
    database
}

/// Creates every queue.
pub(crate) fn create_queues(queues: &Sqs) {
    for queue in &TEMPLATE.queues {
        queues.create_queue(queue_spec(queue)).unwrap();
    }
    queues.validate().unwrap();
}

fn queue_spec(queue: &Queue) -> QueueSpec {
    let redrive = queue.redrive.as_ref().map(|redrive| Redrive {
        dead_letter_queue: name_of(&redrive.dead_letter_arn).to_owned(),
        max_receive_count: redrive.receives_max,
    });
    QueueSpec {
        name: queue.name.clone(),
        visibility_timeout: queue.visibility_timeout,
        retention: queue.retention,
        delay: queue.delay,
        receive_wait: queue.receive_wait,
        maximum_message_size: usize::try_from(queue.message_bytes_max).unwrap(),
        redrive,
        ..QueueSpec::default()
    }
}

/// The buses, rules and archives.
pub(crate) fn topology() -> Topology {
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
        buses: TEMPLATE.buses.iter().map(|it| BusSpec { name: it.name.clone() }).collect(),
        rules: TEMPLATE.rules.iter().map(rule).collect(),
        archives: TEMPLATE.archives.iter().map(archive).collect(),
    }
}

/// The settings of a mapping from a stream; none of one from a queue.
pub(crate) fn stream_source(mapping: &Mapping) -> Option<StreamSource> {
    let Source::Stream { arn, bisects, retries_max, age_max, on_failure_arn, .. } = &mapping.source
    else {
        return None;
    };
    let (_, rest) = arn.split_once(":table/").unwrap();
    let (table, _) = rest.split_once("/stream/").unwrap();
    let filters = mapping.filters.iter().map(|it| Pattern::parse(it).unwrap());
    Some(StreamSource {
        batch_size: usize::try_from(mapping.batch_size).unwrap(),
        report_batch_item_failures: mapping.reports_item_failures,
        bisect_batch_on_function_error: *bisects,
        retry_attempts_max: *retries_max,
        record_age_max: *age_max,
        retry_delay: RETRY_DELAY,
        on_failure: on_failure_arn.clone(),
        filters: filters.collect(),
        ..StreamSource::new(table, &mapping.function)
    })
}

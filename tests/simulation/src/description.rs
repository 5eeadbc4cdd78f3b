//! What `infra/template.yaml` says, as the services want to be told it.

use std::{sync::LazyLock, time::Duration};

use local_dynamodb::{DynamoDb, Storage};
use local_eventbridge::Topology;
use local_iam::Authority;
use local_lambda::event_source::StreamSource;
use local_sqs::Sqs;
use local_stack::{
    Redelivery,
    specs::{self, MappingSpec},
};
use local_template::{Mapping, Template};
pub(crate) use testkit::{ENDPOINT, STACK};

/// The pause before a failed batch of a stream is tried again, doubled each time.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The template, resolved.
pub(crate) static TEMPLATE: LazyLock<&Template> = LazyLock::new(testkit::template);

/// Decides what functions may do.
pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| TEMPLATE.authority());

/// The last part of an ARN.
pub(crate) fn name_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

/// A database with every table.
pub(crate) async fn database() -> DynamoDb {
    let database = DynamoDb::open(&Storage::Memory).unwrap();
    specs::create_tables(&TEMPLATE, &database).await.unwrap();
    database
}

/// Creates every queue.
pub(crate) fn create_queues(queues: &Sqs) {
    specs::create_queues(&TEMPLATE, queues, Redelivery::AsDeclared).unwrap();
}

/// The buses, rules and archives.
pub(crate) fn topology() -> Topology {
    specs::topology(&TEMPLATE)
}

/// The settings of a mapping from a stream; none of one from a queue.
pub(crate) fn stream_source(mapping: &Mapping) -> Option<StreamSource> {
    match specs::mapping(mapping).unwrap() {
        MappingSpec::Stream(source) => Some(StreamSource { retry_delay: RETRY_DELAY, ..source }),
        MappingSpec::Queue(_) => None,
    }
}

//! What `infra/template.yaml` says in each mode, as the services want to be told it.

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

use crate::mode::Mode;

/// The pause before a failed batch of a stream is tried again, doubled each time.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The template of one mode, resolved.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) template: Template,
    /// Decides what functions and workflows may do.
    pub(crate) authority: Authority,
}

/// Where the services drive orders.
static CHOREOGRAPHY: LazyLock<Deployment> = LazyLock::new(|| Deployment::of(Mode::Choreography));
/// Where a workflow does.
static ORCHESTRATION: LazyLock<Deployment> = LazyLock::new(|| Deployment::of(Mode::Orchestration));

impl Deployment {
    fn of(mode: Mode) -> Self {
        let template = testkit::template_with(&[("FulfilmentMode", mode.as_str())]);
        let authority = template.authority();
        Self { template, authority }
    }
}

/// What is deployed in this mode.
pub(crate) fn deployment(mode: Mode) -> &'static Deployment {
    match mode {
        Mode::Choreography => &CHOREOGRAPHY,
        Mode::Orchestration => &ORCHESTRATION,
    }
}

/// The last part of an ARN.
pub(crate) fn name_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

/// A database with every table.
pub(crate) async fn database(template: &Template) -> DynamoDb {
    let database = DynamoDb::open(&Storage::Memory).unwrap();
    specs::create_tables(template, &database).await.unwrap();
    database
}

/// Creates every queue.
pub(crate) fn create_queues(template: &Template, queues: &Sqs) {
    specs::create_queues(template, queues, Redelivery::AsDeclared).unwrap();
}

/// The buses, rules and archives.
pub(crate) fn topology(template: &Template) -> Topology {
    specs::topology(template)
}

/// The settings of a mapping from a stream; none of one from a queue.
pub(crate) fn stream_source(mapping: &Mapping) -> Option<StreamSource> {
    match specs::mapping(mapping).unwrap() {
        MappingSpec::Stream(source) => Some(StreamSource { retry_delay: RETRY_DELAY, ..source }),
        MappingSpec::Queue(_) => None,
    }
}

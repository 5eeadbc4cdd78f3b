//! What `infra/template.yaml` says in each mode, as the services want to be told it.

use std::{sync::LazyLock, time::Duration};

use local_dynamodb::{DynamoDb, Storage};
use local_event_pattern::Pattern;
use local_eventbridge::Topology;
use local_iam::Authority;
use local_lambda::event_source::StreamSource;
use local_sqs::Sqs;
use local_stack::{
    Redelivery,
    specs::{self, MappingSpec},
};
use local_template::{Mapping, Template};
use serde_json::Value;
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
    /// What the rules match, each with the targets that then get the event.
    rules: Vec<(Pattern, Vec<String>)>,
}

/// Where the services drive orders.
static CHOREOGRAPHY: LazyLock<Deployment> = LazyLock::new(|| Deployment::of(Mode::Choreography));
/// Where a workflow does.
static ORCHESTRATION: LazyLock<Deployment> = LazyLock::new(|| Deployment::of(Mode::Orchestration));

impl Deployment {
    fn of(mode: Mode) -> Self {
        let template = testkit::template_with(&[("FulfilmentMode", mode.as_str())]);
        let authority = template.authority();
        let rules = specs::topology(&template).rules.into_iter().filter(|rule| rule.enabled);
        let rules = rules.map(|rule| {
            let targets = rule.targets.into_iter().map(|target| target.arn).collect();
            (Pattern::parse(&rule.pattern).unwrap(), targets)
        });
        Self { authority, rules: rules.collect(), template }
    }

    /// Whether a rule hands `event` to `target`.
    pub(crate) fn routes(&self, event: &Value, target: &str) -> bool {
        let is_target = |targets: &[String]| targets.iter().any(|it| it == target);
        self.rules.iter().any(|(pattern, targets)| is_target(targets) && pattern.matches(event))
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

/// Creates every queue that is not there yet.
pub(crate) fn create_queues(template: &Template, queues: &Sqs) {
    specs::create_queues(template, queues, Redelivery::AsDeclared).unwrap();
}

/// The buses and archives, and the rules of these modes. A rule that both have is the same.
pub(crate) fn topology(modes: &[Mode]) -> Topology {
    let mut topologies = modes.iter().map(|mode| specs::topology(&deployment(*mode).template));
    let mut all = topologies.next().unwrap();
    for rule in topologies.flat_map(|it| it.rules) {
        match all.rules.iter().find(|it| it.name == rule.name) {
            Some(known) => assert_eq!(known.pattern, rule.pattern, "{}", rule.name),
            None => all.rules.push(rule),
        }
    }
    all
}

/// The settings of a mapping from a stream; none of one from a queue.
pub(crate) fn stream_source(mapping: &Mapping) -> Option<StreamSource> {
    match specs::mapping(mapping).unwrap() {
        MappingSpec::Stream(source) => Some(StreamSource { retry_delay: RETRY_DELAY, ..source }),
        MappingSpec::Queue(_) => None,
    }
}

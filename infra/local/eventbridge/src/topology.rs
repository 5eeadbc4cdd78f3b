//! A checked [`Topology`]: patterns parsed, names unique, limits kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use local_event_pattern::{Pattern, PatternError};
use serde_json::Value;

use crate::{
    archive::Archive,
    arn::{DEFAULT_BUS, rule_arn},
    spec::{ArchiveSpec, RuleSpec, TargetSpec, Topology},
    wildcard::{TOO_COMPLEX, too_complex},
};

/// The targets that a rule may have.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>.
const TARGETS_MAX: usize = 5;
/// The length of an event pattern, in characters.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>.
pub(crate) const PATTERN_CHARACTERS_MAX: usize = 4_096;
const EVENT_AGE_SECONDS: std::ops::RangeInclusive<u64> = 60..=86_400;
const RETRIES_MAX: u32 = 185;

/// A topology that AWS would refuse. Correct the template; nothing was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// A name with characters or a length that this kind of resource does not take.
    #[error("{kind} {name:?}: a name is 1 to {characters_max} of A-Z a-z 0-9 . _ -")]
    Name {
        /// The kind of resource.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The longest name of the kind.
        characters_max: usize,
    },
    /// Two resources of one name.
    #[error("{kind} {name:?} is there twice")]
    Duplicate {
        /// The kind of resource.
        kind: &'static str,
        /// The name they share.
        name: String,
    },
    /// A rule or archive of a bus that is not listed.
    #[error("{kind} {name:?} names the event bus {bus:?}, which does not exist")]
    UnknownBus {
        /// The kind of resource.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The bus it names.
        bus: String,
    },
    /// An event pattern that is not one.
    #[error("{kind} {name:?}: invalid event pattern")]
    Pattern {
        /// The kind of resource.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What is wrong, and where.
        #[source]
        source: PatternError,
    },
    /// An event pattern past the length limit.
    #[error(
        "{kind} {name:?}: the event pattern is longer than {PATTERN_CHARACTERS_MAX} characters"
    )]
    PatternTooLong {
        /// The kind of resource.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A wildcard that is too costly to match.
    #[error("{kind} {name:?}: wildcard {wildcard:?}: {TOO_COMPLEX}")]
    Wildcard {
        /// The kind of resource.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The wildcard.
        wildcard: String,
    },
    /// More targets than a rule may have.
    #[error("rule {rule:?} has {count} targets, at most {TARGETS_MAX} are allowed")]
    TooManyTargets {
        /// The rule.
        rule: String,
        /// How many it has.
        count: usize,
    },
    /// A target that cannot be one.
    #[error("rule {rule:?}, target {target:?}: {offence}")]
    Target {
        /// The rule.
        rule: String,
        /// The target's id.
        target: String,
        /// What is wrong with it.
        offence: &'static str,
    },
}

/// A rule, ready to match.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) spec: RuleSpec,
    pub(crate) arn: String,
    pub(crate) pattern: Pattern,
}

/// What one bus does with its events.
#[derive(Debug, Default)]
pub(crate) struct Bus {
    pub(crate) rules: BTreeMap<String, Arc<Rule>>,
}

/// Everything, by name.
#[derive(Debug)]
pub(crate) struct Resources {
    pub(crate) buses: BTreeMap<String, Bus>,
    pub(crate) archives: BTreeMap<String, Archive>,
}

impl Resources {
    pub(crate) fn new(topology: Topology) -> Result<Self, TopologyError> {
        let mut buses = BTreeMap::from([(DEFAULT_BUS.to_owned(), Bus::default())]);
        for bus in topology.buses {
            named("event bus", &bus.name, 256)?;
            let is_default = bus.name == DEFAULT_BUS;
            if buses.insert(bus.name.clone(), Bus::default()).is_some() && !is_default {
                return Err(TopologyError::Duplicate { kind: "event bus", name: bus.name });
            }
        }
        for spec in topology.rules {
            let rule = Rule::new(spec)?;
            let (name, bus) = (rule.spec.name.clone(), rule.spec.bus.clone());
            let Some(rules) = buses.get_mut(&bus).map(|bus| &mut bus.rules) else {
                return Err(TopologyError::UnknownBus { kind: "rule", name, bus });
            };
            if rules.insert(name.clone(), Arc::new(rule)).is_some() {
                return Err(TopologyError::Duplicate { kind: "rule", name });
            }
        }
        let mut archives = BTreeMap::new();
        for spec in topology.archives {
            let archive = archive(spec)?;
            let (name, bus) = (archive.spec.name.clone(), archive.spec.bus.clone());
            if !buses.contains_key(&bus) {
                return Err(TopologyError::UnknownBus { kind: "archive", name, bus });
            }
            if archives.insert(name.clone(), archive).is_some() {
                return Err(TopologyError::Duplicate { kind: "archive", name });
            }
        }
        Ok(Self { buses, archives })
    }
}

impl Rule {
    fn new(spec: RuleSpec) -> Result<Self, TopologyError> {
        named("rule", &spec.name, 64)?;
        let pattern = parsed("rule", &spec.name, &spec.pattern)?;
        if spec.targets.len() > TARGETS_MAX {
            let count = spec.targets.len();
            return Err(TopologyError::TooManyTargets { rule: spec.name, count });
        }
        let mut ids = BTreeSet::new();
        for target in &spec.targets {
            named("target", &target.id, 64)?;
            let offence = match offence(target) {
                None if ids.insert(&target.id) => continue,
                None => "another target of the rule has this id",
                Some(offence) => offence,
            };
            return Err(TopologyError::Target {
                rule: spec.name.clone(),
                target: target.id.clone(),
                offence,
            });
        }
        let arn = rule_arn(&spec.bus, &spec.name);
        Ok(Self { spec, arn, pattern })
    }
}

fn offence(target: &TargetSpec) -> Option<&'static str> {
    let is_standard_queue = |arn: &str| arn.starts_with("arn:aws:sqs:") && !arn.ends_with(".fifo");
    if !target.arn.starts_with("arn:") {
        Some("its Arn is not an ARN")
    } else if !EVENT_AGE_SECONDS.contains(&whole_seconds(target.retry.age_max)) {
        Some("MaximumEventAgeInSeconds is not from 60 to 86400")
    } else if target.retry.retries_max > RETRIES_MAX {
        Some("MaximumRetryAttempts is not from 0 to 185")
    } else if target.dead_letter_arn.as_deref().is_some_and(|arn| !is_standard_queue(arn)) {
        Some("its dead-letter queue is not the ARN of a standard SQS queue")
    } else {
        None
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    if duration.subsec_nanos() == 0 { duration.as_secs() } else { 0 }
}

fn archive(spec: ArchiveSpec) -> Result<Archive, TopologyError> {
    named("archive", &spec.name, 48)?;
    let pattern =
        spec.pattern.as_ref().map(|pattern| parsed("archive", &spec.name, pattern)).transpose()?;
    Ok(Archive::new(spec, pattern))
}

fn parsed(kind: &'static str, name: &str, pattern: &Value) -> Result<Pattern, TopologyError> {
    if pattern.to_string().chars().count() > PATTERN_CHARACTERS_MAX {
        return Err(TopologyError::PatternTooLong { kind, name: name.to_owned() });
    }
    if let Some(wildcard) = too_complex(pattern) {
        let (name, wildcard) = (name.to_owned(), wildcard.to_owned());
        return Err(TopologyError::Wildcard { kind, name, wildcard });
    }
    Pattern::parse(pattern).map_err(|source| TopologyError::Pattern {
        kind,
        name: name.to_owned(),
        source,
    })
}

fn named(kind: &'static str, name: &str, characters_max: usize) -> Result<(), TopologyError> {
    let is_ok = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
    if (1..=characters_max).contains(&name.len()) && name.chars().all(is_ok) {
        Ok(())
    } else {
        Err(TopologyError::Name { kind, name: name.to_owned(), characters_max })
    }
}

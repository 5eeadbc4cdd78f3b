//! What a bus is told about itself: the template's resources as plain data.

use std::time::Duration;

use serde_json::Value;

/// Every bus, rule and archive. The bus `default` exists whether it is listed or not.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    /// The buses.
    pub buses: Vec<BusSpec>,
    /// The rules of all buses.
    pub rules: Vec<RuleSpec>,
    /// The archives of all buses.
    pub archives: Vec<ArchiveSpec>,
}

/// A bus.
#[derive(Debug, Clone)]
pub struct BusSpec {
    /// Its name, not its ARN.
    pub name: String,
}

/// A rule: which events of a bus go where.
#[derive(Debug, Clone)]
pub struct RuleSpec {
    /// Its name, unique on its bus.
    pub name: String,
    /// The name of its bus.
    pub bus: String,
    /// The event pattern.
    pub pattern: Value,
    /// Whether it is `ENABLED`; a disabled rule matches nothing.
    pub enabled: bool,
    /// Where matching events go, five at most.
    pub targets: Vec<TargetSpec>,
}

/// A target of a rule.
#[derive(Debug, Clone)]
pub struct TargetSpec {
    /// Its id, unique in its rule.
    pub id: String,
    /// What receives the events.
    pub arn: String,
    /// How long delivery is tried.
    pub retry: RetryPolicy,
    /// The standard queue that takes what could not be delivered.
    pub dead_letter_arn: Option<String>,
}

/// How long delivery to a target is tried: until either limit is reached.
///
/// It covers the delivery only. What a function makes of an event is for the function's own
/// retries and destinations.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The age at which an event is given up, 60 s to 24 h.
    pub maximum_event_age: Duration,
    /// The retries after the first attempt, 0 to 185.
    pub maximum_retry_attempts: u32,
}

impl Default for RetryPolicy {
    /// AWS's own: 24 hours and 185 retries.
    fn default() -> Self {
        Self { maximum_event_age: Duration::from_secs(86_400), maximum_retry_attempts: 185 }
    }
}

/// An archive: the events of a bus that are kept for replay.
#[derive(Debug, Clone)]
pub struct ArchiveSpec {
    /// Its name.
    pub name: String,
    /// The name of the bus it keeps.
    pub bus: String,
    /// Which events it keeps; all, where there is no pattern.
    pub pattern: Option<Value>,
    /// How many days it keeps them; 0 for ever.
    pub retention_days: u32,
}

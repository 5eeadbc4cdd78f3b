//! What a bus is made from: the template's resources as plain data.

use local_core::RetryPolicy;
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
    /// How long delivery is tried. What a function makes of an event is for the function's own
    /// retries and destinations.
    pub retry: RetryPolicy,
    /// The standard queue that takes what could not be delivered.
    pub dead_letter_arn: Option<String>,
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

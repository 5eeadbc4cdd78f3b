//! What the template sets for this function.

use idempotency::RecordTable;
use lambda::QueueConfig;
use runtime::{ConfigError, Environment, FromEnvironment};

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of totals.
    pub totals: String,
    /// The table of records of what was handled.
    pub records: RecordTable,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            totals: environment.required("ORDER_FIGURES_TABLE")?,
            records: RecordTable::read(
                environment,
                "IDEMPOTENCY_TABLE",
                "IDEMPOTENCY_RETENTION_DAYS",
            )?,
            queue: QueueConfig::read(environment)?,
        })
    }
}

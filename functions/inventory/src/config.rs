//! What the template sets for these functions.

use idempotency::RecordTable;
use lambda::{QueueConfig, Tasks};
use runtime::{ConfigError, Environment, FromEnvironment};

/// The configuration of `inventory`. Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of stock.
    pub stock: String,
    /// The table of reservations.
    pub reservations: String,
    /// The table of records of what was handled.
    pub records: RecordTable,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
    /// Whether tasks of a workflow are taken.
    pub tasks: Tasks,
}

/// The configuration of `inventory-api`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// The table of stock.
    pub stock: String,
    /// The table of what was done with stock.
    pub movements: String,
    /// The table of records of what was handled.
    pub records: RecordTable,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            stock: environment.required("INVENTORY_TABLE")?,
            reservations: environment.required("RESERVATIONS_TABLE")?,
            records: records(environment)?,
            queue: QueueConfig::read(environment)?,
            tasks: Tasks::read(environment)?,
        })
    }
}

impl FromEnvironment for ApiConfig {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            stock: environment.required("INVENTORY_TABLE")?,
            movements: environment.required("STOCK_MOVEMENTS_TABLE")?,
            records: records(environment)?,
        })
    }
}

fn records(environment: &Environment) -> Result<RecordTable, ConfigError> {
    RecordTable::read(environment, "IDEMPOTENCY_TABLE", "IDEMPOTENCY_RETENTION_DAYS")
}

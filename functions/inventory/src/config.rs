//! What the template sets for these functions.

use std::time::Duration;

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
    pub records: String,
    /// How long a record is kept.
    pub record_retention: Duration,
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
    pub records: String,
    /// How long a record is kept.
    pub record_retention: Duration,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            stock: environment.required("INVENTORY_TABLE")?,
            reservations: environment.required("RESERVATIONS_TABLE")?,
            records: environment.required("IDEMPOTENCY_TABLE")?,
            record_retention: retention(environment)?,
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
            records: environment.required("IDEMPOTENCY_TABLE")?,
            record_retention: retention(environment)?,
        })
    }
}

fn retention(environment: &Environment) -> Result<Duration, ConfigError> {
    let days = environment.whole("IDEMPOTENCY_RETENTION_DAYS", 1..=u16::MAX)?;
    Ok(Duration::from_hours(24 * u64::from(days)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_a_number_of_days() {
        let read = |days| retention(&Environment::of([("IDEMPOTENCY_RETENTION_DAYS", days)]));
        assert_eq!(read("365"), Ok(Duration::from_hours(365 * 24)));
        for bad in ["a year", "0", "-1", "1.5", "65536"] {
            let error = read(bad).unwrap_err().to_string();
            assert!(error.starts_with("IDEMPOTENCY_RETENTION_DAYS: "), "{error}");
        }
    }
}

//! What the template tells these functions.

use std::{num::ParseIntError, time::Duration};

use environment::{Missing, optional, required};

const IDEMPOTENCY_RETENTION_DAYS: &str = "IDEMPOTENCY_RETENTION_DAYS";

/// What `inventory` is told. Read once, before the first event.
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
    /// Where this function's events come from.
    pub queue_url: String,
    /// Where poison goes.
    pub dead_letter_queue_url: String,
    /// How orders are fulfilled: by a workflow, whose tasks are taken, or without.
    pub fulfilment_mode: String,
    /// What is logged.
    pub log: Option<String>,
}

/// What `inventory-api` is told.
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
    /// What is logged.
    pub log: Option<String>,
}

/// What is wrong with the environment. Each names the variable to set right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The retention is not a number of days.
    #[error("{IDEMPOTENCY_RETENTION_DAYS} is not a number of days: {0}")]
    Days(#[from] ParseIntError),
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// When a variable is missing or makes no sense; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            stock: required("INVENTORY_TABLE")?,
            reservations: required("RESERVATIONS_TABLE")?,
            records: required("IDEMPOTENCY_TABLE")?,
            record_retention: days(&required(IDEMPOTENCY_RETENTION_DAYS)?)?,
            queue_url: required("QUEUE_URL")?,
            dead_letter_queue_url: required("DEAD_LETTER_QUEUE_URL")?,
            fulfilment_mode: required("FULFILMENT_MODE")?,
            log: optional("RUST_LOG"),
        })
    }
}

impl ApiConfig {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// When a variable is missing or makes no sense; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            stock: required("INVENTORY_TABLE")?,
            movements: required("STOCK_MOVEMENTS_TABLE")?,
            records: required("IDEMPOTENCY_TABLE")?,
            record_retention: days(&required(IDEMPOTENCY_RETENTION_DAYS)?)?,
            log: optional("RUST_LOG"),
        })
    }
}

fn days(text: &str) -> Result<Duration, ParseIntError> {
    Ok(Duration::from_hours(24 * u64::from(text.parse::<u16>()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_a_number_of_days() {
        assert_eq!(days("365"), Ok(Duration::from_hours(365 * 24)));
        let error = ConfigError::from(days("a year").unwrap_err());
        assert!(error.to_string().starts_with("IDEMPOTENCY_RETENTION_DAYS is not"), "{error}");
    }
}

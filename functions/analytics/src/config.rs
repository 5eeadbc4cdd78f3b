//! What the template sets for this function.

use std::time::Duration;

use lambda::QueueConfig;
use runtime::{ConfigError, Environment, FromEnvironment};

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of figures.
    pub figures: String,
    /// The table of records of what was handled.
    pub records: String,
    /// How long a record is kept.
    pub record_retention: Duration,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let days = environment.whole("IDEMPOTENCY_RETENTION_DAYS", 1..=u16::MAX)?;
        Ok(Self {
            figures: environment.required("ORDER_FIGURES_TABLE")?,
            records: environment.required("IDEMPOTENCY_TABLE")?,
            record_retention: Duration::from_hours(24 * u64::from(days)),
            queue: QueueConfig::read(environment)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_a_number_of_days() {
        let environment = Environment::of([
            ("ORDER_FIGURES_TABLE", "figures"),
            ("IDEMPOTENCY_TABLE", "records"),
            ("IDEMPOTENCY_RETENTION_DAYS", "365"),
            ("QUEUE_URL", "queue"),
            ("DEAD_LETTER_QUEUE_URL", "dead-letters"),
        ]);
        let config = Config::read(&environment).unwrap();
        assert_eq!(config.record_retention, Duration::from_hours(365 * 24));
        for bad in ["a year", "0", "-1", "1.5", "65536"] {
            let environment = environment.clone().with("IDEMPOTENCY_RETENTION_DAYS", bad);
            let error = Config::read(&environment).unwrap_err().to_string();
            assert!(error.starts_with("IDEMPOTENCY_RETENTION_DAYS: "), "{error}");
        }
    }
}

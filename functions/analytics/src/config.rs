//! What the template tells this function.

use std::time::Duration;

use runtime::{ConfigError, Environment};

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
    pub queue_url: String,
    /// Where permanent failures go.
    pub dead_letter_queue_url: String,
    /// What is logged beyond the usual.
    pub log_filter: Option<String>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing or invalid; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&Environment::of_process())
    }

    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let days = environment.whole("IDEMPOTENCY_RETENTION_DAYS", 1..=u16::MAX)?;
        Ok(Self {
            figures: environment.required("ORDER_FIGURES_TABLE")?,
            records: environment.required("IDEMPOTENCY_TABLE")?,
            record_retention: Duration::from_hours(24 * u64::from(days)),
            queue_url: environment.required("QUEUE_URL")?,
            dead_letter_queue_url: environment.required("DEAD_LETTER_QUEUE_URL")?,
            log_filter: environment.optional("RUST_LOG"),
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

//! What the template sets for these functions.

use http_api::TokenScope;
use lambda::QueueConfig;
use runtime::{ConfigError, Environment, FromEnvironment};
use time::Duration;

/// For how many days an item is kept; not set: for ever.
const RETENTION_DAYS: &str = "TIMELINE_RETENTION_DAYS";
/// The table of both functions.
const TABLE: &str = "ORDER_TIMELINE_TABLE";

/// What `timeline` is told. Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of events.
    pub table: String,
    /// How long an item is kept after it was written; none: for ever.
    pub retention: Option<Duration>,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
}

/// What `timeline-api` is told. Read once, before the first request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// The table of events.
    pub table: String,
    /// What a customer's token must grant.
    pub scope: TokenScope,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let is_limited = environment.optional(RETENTION_DAYS).is_some();
        let days =
            is_limited.then(|| environment.whole(RETENTION_DAYS, 1..=u16::MAX)).transpose()?;
        Ok(Self {
            table: environment.required(TABLE)?,
            retention: days.map(|days| Duration::days(i64::from(days))),
            queue: QueueConfig::read(environment)?,
        })
    }
}

impl FromEnvironment for ApiConfig {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            table: environment.required(TABLE)?,
            scope: TokenScope::read(environment, "READ_SCOPE", "SCOPE_CLAIM")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: Option<&str>) -> Result<Option<Duration>, ConfigError> {
        let queue = "http://127.0.0.1:9000/000000000000/orderly-timeline";
        let set = Environment::of([
            (TABLE, "orderly-order-timeline"),
            ("QUEUE_URL", queue),
            ("DEAD_LETTER_QUEUE_URL", queue),
        ]);
        let set = text.into_iter().fold(set, |set, days| set.with(RETENTION_DAYS, days));
        Config::read(&set).map(|config| config.retention)
    }

    #[test]
    fn a_retention_is_a_whole_number_of_days_or_none() {
        assert_eq!(days(None), Ok(None));
        assert_eq!(days(Some("400")), Ok(Some(Duration::days(400))));
        for bad in ["0", "-1", "1.5", "a year"] {
            let error = days(Some(bad)).unwrap_err().to_string();
            assert!(error.contains(RETENTION_DAYS) && error.contains(bad), "{error}");
        }
    }
}

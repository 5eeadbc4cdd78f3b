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

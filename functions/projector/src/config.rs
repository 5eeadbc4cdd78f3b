//! What the template tells this function.

use runtime::{ConfigError, Environment};

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of read models.
    pub views: String,
    /// The table of the order's event streams, read where events are missing.
    pub order_events: String,
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
        Ok(Self {
            views: environment.required("ORDER_VIEWS_TABLE")?,
            order_events: environment.required("ORDER_EVENTS_TABLE")?,
            queue_url: environment.required("QUEUE_URL")?,
            dead_letter_queue_url: environment.required("DEAD_LETTER_QUEUE_URL")?,
            log_filter: environment.optional("RUST_LOG"),
        })
    }
}

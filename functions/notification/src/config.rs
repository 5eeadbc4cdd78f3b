//! What the template tells this function.

use std::time::Duration;

use runtime::{ConfigError, Environment};
use state_machine::RunnerConfig;

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where what was told is kept.
    pub notifications: RunnerConfig,
    /// The table of the customers' addresses.
    pub contacts: String,
    /// In whose name mails are sent.
    pub sender: String,
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
            notifications: RunnerConfig {
                table: environment.required("NOTIFICATIONS_TABLE")?,
                key: "orderId",
                // Longer than the function's timeout of 10 s: a live sender is never doubled.
                lease: Duration::from_secs(15),
            },
            contacts: environment.required("CONTACTS_TABLE")?,
            sender: environment.required("SENDER_EMAIL")?,
            queue_url: environment.required("QUEUE_URL")?,
            dead_letter_queue_url: environment.required("DEAD_LETTER_QUEUE_URL")?,
            log_filter: environment.optional("RUST_LOG"),
        })
    }
}

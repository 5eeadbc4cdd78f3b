//! What the template sets for this function.

use lambda::QueueConfig;
use runtime::{ConfigError, Environment, FromEnvironment};
use state_machine::RunnerConfig;

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the mails of orders are kept.
    pub notifications: RunnerConfig,
    /// The table of the customers' addresses.
    pub contacts: String,
    /// In whose name mails are sent.
    pub sender: String,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            notifications: RunnerConfig::read(environment, "NOTIFICATIONS_TABLE", "orderId")?,
            contacts: environment.required("CONTACTS_TABLE")?,
            sender: environment.required("SENDER_EMAIL")?,
            queue: QueueConfig::read(environment)?,
        })
    }
}

//! What the template tells this function.

use std::time::Duration;

use environment::{Missing, optional, required};
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
    /// Where this function's events come from.
    pub queue_url: String,
    /// Where poison goes.
    pub dead_letter_queue_url: String,
    /// What is logged.
    pub log: Option<String>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing.
    pub fn from_env() -> Result<Self, Missing> {
        Ok(Self {
            notifications: RunnerConfig {
                table: required("NOTIFICATIONS_TABLE")?,
                key: "orderId",
                // Longer than the function's timeout of 10 s: a live sender is never doubled.
                lease: Duration::from_secs(15),
            },
            contacts: required("CONTACTS_TABLE")?,
            sender: required("SENDER_EMAIL")?,
            queue_url: required("QUEUE_URL")?,
            dead_letter_queue_url: required("DEAD_LETTER_QUEUE_URL")?,
            log: optional("RUST_LOG"),
        })
    }
}

//! What the template tells this function.

use std::time::Duration;

use environment::{Missing, optional, required};
use idempotency::IdempotencySettings;

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of stock.
    pub stock: String,
    /// The table of reservations.
    pub reservations: String,
    /// How records are kept.
    pub idempotency: IdempotencySettings,
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
            stock: required("INVENTORY_TABLE")?,
            reservations: required("RESERVATIONS_TABLE")?,
            idempotency: IdempotencySettings {
                table: required("IDEMPOTENCY_TABLE")?,
                consumer: "inventory".to_owned(),
                // As long as the archive keeps events that could be replayed.
                retention: Duration::from_hours(365 * 24),
                lease: Duration::from_secs(15),
            },
            queue_url: required("QUEUE_URL")?,
            dead_letter_queue_url: required("DEAD_LETTER_QUEUE_URL")?,
            log: optional("RUST_LOG"),
        })
    }
}

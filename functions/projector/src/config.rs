//! What the template tells this function.

use environment::{Missing, optional, required};

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of read models.
    pub views: String,
    /// The table of the order's event streams, read where events are missing.
    pub order_events: String,
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
            views: required("ORDER_VIEWS_TABLE")?,
            order_events: required("ORDER_EVENTS_TABLE")?,
            queue_url: required("QUEUE_URL")?,
            dead_letter_queue_url: required("DEAD_LETTER_QUEUE_URL")?,
            log: optional("RUST_LOG"),
        })
    }
}

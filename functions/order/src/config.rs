//! What the template tells these functions.

use environment::{Missing, optional, required};

/// What `order-api` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// The table of event streams.
    pub order_events: String,
    /// The catalogue of products.
    pub products: String,
    /// What is logged.
    pub log: Option<String>,
}

/// What `order-events` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsConfig {
    /// The table of event streams.
    pub order_events: String,
    /// Where this function's events come from.
    pub queue_url: String,
    /// Where poison goes.
    pub dead_letter_queue_url: String,
    /// What is logged.
    pub log: Option<String>,
}

impl ApiConfig {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing.
    pub fn from_env() -> Result<Self, Missing> {
        Ok(Self {
            order_events: required("ORDER_EVENTS_TABLE")?,
            products: required("PRODUCTS_TABLE")?,
            log: optional("RUST_LOG"),
        })
    }
}

impl EventsConfig {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing.
    pub fn from_env() -> Result<Self, Missing> {
        Ok(Self {
            order_events: required("ORDER_EVENTS_TABLE")?,
            queue_url: required("QUEUE_URL")?,
            dead_letter_queue_url: required("DEAD_LETTER_QUEUE_URL")?,
            log: optional("RUST_LOG"),
        })
    }
}

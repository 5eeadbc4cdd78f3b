//! What the template tells this function.

use environment::{Missing, optional, required};

/// Read once, before the first request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of read models.
    pub views: String,
    /// The table of the orders' event streams.
    pub order_events: String,
    /// The catalogue of products.
    pub products: String,
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
            products: required("PRODUCTS_TABLE")?,
            log: optional("RUST_LOG"),
        })
    }
}

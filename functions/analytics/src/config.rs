//! What the template sets for these functions.

use idempotency::RecordTable;
use lambda::QueueConfig;
use runtime::{ConfigError, Environment, FromEnvironment};

/// The tables of figures: all that `analytics-api` is told. Read once, before the first request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// The table of figures by quarter of an hour.
    pub figures: String,
    /// The table of figures by product.
    pub products: String,
}

/// What `analytics` is told. Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The tables of figures.
    pub tables: Tables,
    /// The table of the orders' event streams, read for the lines of an order.
    pub order_events: String,
    /// The table of records of what was handled.
    pub records: RecordTable,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
}

impl FromEnvironment for Tables {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            figures: environment.required("ORDER_FIGURES_TABLE")?,
            products: environment.required("PRODUCT_FIGURES_TABLE")?,
        })
    }
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            tables: Tables::read(environment)?,
            order_events: environment.required("ORDER_EVENTS_TABLE")?,
            records: RecordTable::read(
                environment,
                "IDEMPOTENCY_TABLE",
                "IDEMPOTENCY_RETENTION_DAYS",
            )?,
            queue: QueueConfig::read(environment)?,
        })
    }
}

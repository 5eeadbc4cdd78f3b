//! What the template sets for this function.

use lambda::QueueConfig;
use projection::{Projection, ProjectionConfig};
use runtime::{ConfigError, Environment, FromEnvironment};

use crate::view::OrderViews;

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The read models.
    pub views: ProjectionConfig,
    /// The table of the order's event streams, read where events are missing.
    pub order_events: String,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            views: ProjectionConfig::read(
                environment,
                OrderViews::NAME,
                ["ORDER_VIEWS_TABLE", "ORDER_VIEWS_B_TABLE"],
            )?,
            order_events: environment.required("ORDER_EVENTS_TABLE")?,
            queue: QueueConfig::read(environment)?,
        })
    }
}

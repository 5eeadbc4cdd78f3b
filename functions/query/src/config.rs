//! What the template sets for these functions.

use http_api::TokenScope;
use projection::ProjectionConfig;
use runtime::{ConfigError, Environment, FromEnvironment};

/// What `query` is told. Read once, before the first request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The read models.
    pub views: ProjectionConfig,
    /// The table of the orders' event streams.
    pub order_events: String,
    /// The projector's queue, for what the read model has lost.
    pub projector_queue_url: String,
    /// What a customer's token must grant.
    pub scope: TokenScope,
}

/// The configuration of `products`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueConfig {
    /// The catalogue of products.
    pub products: String,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            views: ProjectionConfig::read(
                environment,
                "order-views",
                ["ORDER_VIEWS_TABLE", "ORDER_VIEWS_B_TABLE"],
            )?,
            order_events: environment.required("ORDER_EVENTS_TABLE")?,
            projector_queue_url: environment.required("PROJECTOR_QUEUE_URL")?,
            scope: TokenScope::read(environment, "READ_SCOPE", "SCOPE_CLAIM")?,
        })
    }
}

impl FromEnvironment for CatalogueConfig {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self { products: environment.required("PRODUCTS_TABLE")? })
    }
}

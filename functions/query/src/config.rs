//! What the template tells these functions.

use environment::{Missing, optional, required};
use http_api::{InvalidScope, TokenScope};

const READ_SCOPE: &str = "READ_SCOPE";
const SCOPE_CLAIM: &str = "SCOPE_CLAIM";

/// What `query` is told. Read once, before the first request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of read models.
    pub views: String,
    /// The table of the orders' event streams.
    pub order_events: String,
    /// The projector's queue, for what the read model has lost.
    pub projector_queue_url: String,
    /// What a customer's token must grant.
    pub scope: TokenScope,
    /// What is logged.
    pub log: Option<String>,
}

/// What `products` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueConfig {
    /// The catalogue of products.
    pub products: String,
    /// What is logged.
    pub log: Option<String>,
}

/// What is wrong with the environment. Each names the variable to set right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A variable names no scope, or no claim.
    #[error("{name}: {source}")]
    Scope {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        #[source]
        source: InvalidScope,
    },
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing or makes no sense; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            views: required("ORDER_VIEWS_TABLE")?,
            order_events: required("ORDER_EVENTS_TABLE")?,
            projector_queue_url: required("PROJECTOR_QUEUE_URL")?,
            scope: scope(&required(READ_SCOPE)?, optional(SCOPE_CLAIM))?,
            log: optional("RUST_LOG"),
        })
    }
}

impl CatalogueConfig {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self { products: required("PRODUCTS_TABLE")?, log: optional("RUST_LOG") })
    }
}

/// The scope `READ_SCOPE`, in the claim `SCOPE_CLAIM` where there is one.
fn scope(name: &str, claim: Option<String>) -> Result<TokenScope, ConfigError> {
    let wrong = |name| move |source| ConfigError::Scope { name, source };
    let scope = TokenScope::parse(name).map_err(wrong(READ_SCOPE))?;
    match claim {
        Some(claim) => scope.in_claim(claim).map_err(wrong(SCOPE_CLAIM)),
        None => Ok(scope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_and_its_claim_are_as_the_issuer_names_them() {
        let named = TokenScope::parse("Orders.Read").unwrap();
        assert_eq!(scope("Orders.Read", None).unwrap(), named);
        let told = scope("Orders.Read", Some("roles".to_owned())).unwrap();
        assert_eq!(told, named.in_claim("roles").unwrap());
        let error = scope("", None).unwrap_err().to_string();
        assert!(error.starts_with("READ_SCOPE: "), "{error}");
        let error = scope("a", Some("b c".to_owned())).unwrap_err().to_string();
        assert!(error.starts_with("SCOPE_CLAIM: "), "{error}");
    }
}

//! What the template sets for these functions.

use http_api::TokenScope;
use runtime::{ConfigError, Environment, FromEnvironment};

const READ_SCOPE: &str = "READ_SCOPE";
const SCOPE_CLAIM: &str = "SCOPE_CLAIM";

/// The configuration of `query`. Read once, before the first request.
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
            views: environment.required("ORDER_VIEWS_TABLE")?,
            order_events: environment.required("ORDER_EVENTS_TABLE")?,
            projector_queue_url: environment.required("PROJECTOR_QUEUE_URL")?,
            scope: scope(environment)?,
        })
    }
}

impl FromEnvironment for CatalogueConfig {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self { products: environment.required("PRODUCTS_TABLE")? })
    }
}

/// The scope `READ_SCOPE`, in the claim `SCOPE_CLAIM` where there is one.
fn scope(environment: &Environment) -> Result<TokenScope, ConfigError> {
    let scope = environment.parsed(READ_SCOPE, |name| TokenScope::parse(name))?;
    if environment.optional(SCOPE_CLAIM).is_none() {
        return Ok(scope);
    }
    environment.parsed(SCOPE_CLAIM, |claim| scope.in_claim(claim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_and_its_claim_are_as_the_issuer_names_them() {
        let named = TokenScope::parse("Orders.Read").unwrap();
        let environment = Environment::of([(READ_SCOPE, "Orders.Read")]);
        assert_eq!(scope(&environment).unwrap(), named);
        let claimed = environment.clone().with(SCOPE_CLAIM, "roles");
        assert_eq!(scope(&claimed).unwrap(), named.in_claim("roles").unwrap());
        for (name, bad) in [(READ_SCOPE, ""), (SCOPE_CLAIM, "b c")] {
            let error = scope(&environment.clone().with(name, bad)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}: ")), "{error}");
        }
    }
}

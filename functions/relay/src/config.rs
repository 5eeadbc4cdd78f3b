//! What the template sets for this function.

use outbox::Sources;
use runtime::{ConfigError, Environment, FromEnvironment};

const DEAD_LETTER_QUEUE_URL: &str = "DEAD_LETTER_QUEUE_URL";
const EVENT_BUS_NAME: &str = "EVENT_BUS_NAME";
const PUBLISHES: &str = "PUBLISHES";

/// Read once, before the first batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The bus that events go to, by name or ARN.
    pub event_bus_name: String,
    /// Which sources speak from which table.
    pub sources: Sources,
    /// Where records go that can never be published.
    pub dead_letter_queue_url: String,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            event_bus_name: environment.required(EVENT_BUS_NAME)?,
            sources: environment.parsed(PUBLISHES, str::parse)?,
            dead_letter_queue_url: environment.required(DEAD_LETTER_QUEUE_URL)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bus_sources_and_dead_letters_must_be_named() {
        let environment = Environment::of([
            (EVENT_BUS_NAME, "bus"),
            (PUBLISHES, r#"{"orders": ["order-service"]}"#),
            (DEAD_LETTER_QUEUE_URL, "dead-letters"),
        ]);
        let config = Config::read(&environment).unwrap();
        assert_eq!(config.sources, Sources::none().allow("orders", "order-service"));
        for name in [EVENT_BUS_NAME, PUBLISHES, DEAD_LETTER_QUEUE_URL] {
            let error = Config::read(&environment.clone().without(name)).unwrap_err();
            assert_eq!(error, ConfigError::Missing { name });
        }
        let wrong = environment.with(PUBLISHES, r#"{"orders": "any"}"#);
        let error = Config::read(&wrong).unwrap_err().to_string();
        assert!(error.starts_with("PUBLISHES: orders has no list"), "{error}");
    }
}

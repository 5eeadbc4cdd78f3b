//! What the template tells this function.

use environment::{Missing, required};
use outbox::{Sources, SourcesError};

const DEAD_LETTER_QUEUE_URL: &str = "DEAD_LETTER_QUEUE_URL";
const EVENT_BUS_NAME: &str = "EVENT_BUS_NAME";
const PUBLISHES: &str = "PUBLISHES";
const RUST_LOG: &str = "RUST_LOG";

/// Read once, before the first batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The bus that events go to, by name or ARN.
    pub event_bus_name: String,
    /// Which sources speak from which table.
    pub sources: Sources,
    /// Where records go that can never be published.
    pub dead_letter_queue_url: String,
    /// What is logged beyond the usual.
    pub log_filter: Option<String>,
}

/// What is wrong with the environment. Each names the variable to set right.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// It is not said which sources speak from which table.
    #[error("{PUBLISHES}: {0}")]
    Sources(#[from] SourcesError),
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing or makes no sense; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(required)
    }

    fn read(
        variable: impl Fn(&'static str) -> Result<String, Missing>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            event_bus_name: variable(EVENT_BUS_NAME)?,
            sources: variable(PUBLISHES)?.parse()?,
            dead_letter_queue_url: variable(DEAD_LETTER_QUEUE_URL)?,
            log_filter: variable(RUST_LOG).ok(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `Config` makes of an environment in which all is well but `changed`.
    fn read(changed: &str, value: Option<&str>) -> Result<Config, ConfigError> {
        Config::read(|name| match name {
            _ if name == changed => value.map(str::to_owned).ok_or(Missing { name }),
            PUBLISHES => Ok(r#"{"orders": ["order-service"]}"#.to_owned()),
            RUST_LOG => Err(Missing { name }),
            _ => Ok(name.to_owned()),
        })
    }

    #[test]
    fn bus_sources_and_dead_letters_must_be_named() {
        let config = read("", None).unwrap();
        assert_eq!(config.sources, Sources::none().allow("orders", "order-service"));
        assert_eq!(config.log_filter, None);
        for name in [EVENT_BUS_NAME, PUBLISHES, DEAD_LETTER_QUEUE_URL] {
            assert!(read(name, None).unwrap_err().to_string().contains(name));
        }
        let error = read(PUBLISHES, Some(r#"{"orders": "any"}"#)).unwrap_err().to_string();
        assert!(error.starts_with("PUBLISHES: orders has no list"), "{error}");
    }
}

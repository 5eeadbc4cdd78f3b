//! What the template tells this function.

use environment::{Missing, required};

const EVENT_BUS_NAME: &str = "EVENT_BUS_NAME";
const RUST_LOG: &str = "RUST_LOG";

/// Read once, before the first batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The bus that events go to, by name or ARN.
    pub event_bus_name: String,
    /// What is logged beyond the usual.
    pub log_filter: Option<String>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing; the function should not start.
    pub fn from_env() -> Result<Self, Missing> {
        Self::read(required)
    }

    fn read(variable: impl Fn(&'static str) -> Result<String, Missing>) -> Result<Self, Missing> {
        Ok(Self { event_bus_name: variable(EVENT_BUS_NAME)?, log_filter: variable(RUST_LOG).ok() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bus_must_be_named() {
        let missing = |name| Err(Missing { name });
        let config = Config::read(|name| match name {
            EVENT_BUS_NAME => Ok("orderly".to_owned()),
            _ => missing(name),
        });
        let expected = Config { event_bus_name: "orderly".to_owned(), log_filter: None };
        assert_eq!(config, Ok(expected));
        assert_eq!(Config::read(missing), Err(Missing { name: EVENT_BUS_NAME }));
    }
}

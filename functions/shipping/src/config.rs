//! What the environment says: the one place that reads it.

use environment::Missing;
use http_port::{ApiKey, InvalidKey, InvalidUrl, Url, parse_url};

const SHIPMENTS_TABLE: &str = "SHIPMENTS_TABLE";
const CARRIER_URL: &str = "CARRIER_URL";
const CARRIER_API_KEY: &str = "CARRIER_API_KEY";
const QUEUE_URL: &str = "QUEUE_URL";
const DEAD_LETTER_QUEUE_URL: &str = "DEAD_LETTER_QUEUE_URL";
const RUST_LOG: &str = "RUST_LOG";

/// What the function is told. Its `Debug` shows no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of shipments.
    pub shipments_table: String,
    /// Where the carrier is.
    pub carrier_url: Url,
    /// What lets this function in there.
    pub carrier_api_key: ApiKey,
    /// The queue that the function is invoked for.
    pub queue_url: String,
    /// Where records go that can never succeed.
    pub dead_letter_queue_url: String,
    /// What is logged beyond the usual.
    pub log_filter: Option<String>,
}

/// What is wrong with the environment. Each names the variable to set right.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The carrier cannot be called there.
    #[error("{CARRIER_URL}: {0}")]
    Url(#[from] InvalidUrl),
    /// The carrier's key cannot be sent.
    #[error("{CARRIER_API_KEY}: {0}")]
    Key(#[from] InvalidKey),
}

impl Config {
    /// Takes everything from the environment.
    ///
    /// # Errors
    ///
    /// When a variable is missing or makes no sense; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(environment::required)
    }

    fn read(
        required: impl Fn(&'static str) -> Result<String, Missing>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            shipments_table: required(SHIPMENTS_TABLE)?,
            carrier_url: parse_url(&required(CARRIER_URL)?)?,
            carrier_api_key: ApiKey::parse(required(CARRIER_API_KEY)?)?,
            queue_url: required(QUEUE_URL)?,
            dead_letter_queue_url: required(DEAD_LETTER_QUEUE_URL)?,
            log_filter: required(RUST_LOG).ok(),
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
            CARRIER_URL => Ok("https://carrier.example".to_owned()),
            RUST_LOG => Err(Missing { name }),
            _ => Ok(name.to_owned()),
        })
    }

    #[test]
    fn an_error_names_the_variable_and_shows_no_key() {
        assert_eq!(read("", None).unwrap().shipments_table, SHIPMENTS_TABLE);
        for name in [SHIPMENTS_TABLE, CARRIER_API_KEY, DEAD_LETTER_QUEUE_URL] {
            assert!(read(name, None).unwrap_err().to_string().contains(name));
        }
        let url = read(CARRIER_URL, Some("ups")).unwrap_err().to_string();
        assert_eq!(url, "CARRIER_URL: \"ups\" is not an http or https URL");
        let key = read(CARRIER_API_KEY, Some("secret\n")).unwrap_err().to_string();
        assert!(key.starts_with("CARRIER_API_KEY: not a key"), "{key}");
        assert!(!key.contains("secret"));
    }

    #[test]
    fn its_debug_shows_no_secret() {
        let config = read(CARRIER_API_KEY, Some("secret")).unwrap();
        assert!(!format!("{config:?}").contains("secret"));
    }
}

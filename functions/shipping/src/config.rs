//! What the environment says: the one place that reads it.

use std::num::NonZeroU32;

use aws_clients::{InvalidSecretRef, SecretRef};
use environment::Missing;
use http_port::{InvalidUrl, Url, parse_url};
use state_machine::EXHAUSTED_AFTER;

const SHIPMENTS_TABLE: &str = "SHIPMENTS_TABLE";
const CARRIER_URL: &str = "CARRIER_URL";
const CARRIER_API_KEY_SECRET: &str = "CARRIER_API_KEY_SECRET";
const QUEUE_URL: &str = "QUEUE_URL";
const DEAD_LETTER_QUEUE_URL: &str = "DEAD_LETTER_QUEUE_URL";
const REVIEW_AFTER_ATTEMPTS: &str = "REVIEW_AFTER_ATTEMPTS";
const FULFILMENT_MODE: &str = "FULFILMENT_MODE";
const RUST_LOG: &str = "RUST_LOG";

/// What the function is told. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of shipments.
    pub shipments_table: String,
    /// Where the carrier is.
    pub carrier_url: Url,
    /// The secret that lets this function in there.
    pub carrier_api_key: SecretRef,
    /// The queue that the function is invoked for.
    pub queue_url: String,
    /// Where records go that can never succeed.
    pub dead_letter_queue_url: String,
    /// After how many failed attempts a shipment that should come back is given up for a person to
    /// look at: 8, unless the environment says otherwise.
    pub review_after: NonZeroU32,
    /// How orders are fulfilled: by a workflow, whose tasks are taken, or without.
    pub fulfilment_mode: String,
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
    /// No secret is named.
    #[error(transparent)]
    Secret(#[from] InvalidSecretRef),
    /// One attempt is no reason to stop, and after ten receives the queue has given up itself.
    #[error("{REVIEW_AFTER_ATTEMPTS}: {0:?} is not a whole number from 2 to 9")]
    ReviewAfter(String),
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
            carrier_api_key: SecretRef::parse(
                CARRIER_API_KEY_SECRET,
                &required(CARRIER_API_KEY_SECRET)?,
            )?,
            queue_url: required(QUEUE_URL)?,
            dead_letter_queue_url: required(DEAD_LETTER_QUEUE_URL)?,
            review_after: review_after(required(REVIEW_AFTER_ATTEMPTS).ok())?,
            fulfilment_mode: required(FULFILMENT_MODE)?,
            log_filter: required(RUST_LOG).ok(),
        })
    }
}

fn review_after(attempts: Option<String>) -> Result<NonZeroU32, ConfigError> {
    let Some(text) = attempts else { return Ok(EXHAUSTED_AFTER) };
    let attempts =
        text.parse().ok().filter(|attempts: &NonZeroU32| (2..=9).contains(&attempts.get()));
    attempts.ok_or(ConfigError::ReviewAfter(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/key-x1Y2z3";

    /// What `Config` makes of an environment in which all is well but `changed`.
    fn read(changed: &str, value: Option<&str>) -> Result<Config, ConfigError> {
        Config::read(|name| match name {
            _ if name == changed => value.map(str::to_owned).ok_or(Missing { name }),
            CARRIER_URL => Ok("https://carrier.example".to_owned()),
            CARRIER_API_KEY_SECRET => Ok(SECRET.to_owned()),
            RUST_LOG | REVIEW_AFTER_ATTEMPTS => Err(Missing { name }),
            _ => Ok(name.to_owned()),
        })
    }

    #[test]
    fn an_error_names_the_variable_and_shows_no_key() {
        assert_eq!(read("", None).unwrap().shipments_table, SHIPMENTS_TABLE);
        for name in
            [SHIPMENTS_TABLE, CARRIER_API_KEY_SECRET, DEAD_LETTER_QUEUE_URL, FULFILMENT_MODE]
        {
            assert!(read(name, None).unwrap_err().to_string().contains(name));
        }
        let url = read(CARRIER_URL, Some("ups")).unwrap_err().to_string();
        assert_eq!(
            url,
            "CARRIER_URL: \"ups\" is not an https URL, nor an http URL of 127.0.0.1, localhost or [::1]"
        );
        assert_eq!(read("", None).unwrap().carrier_api_key.arn(), SECRET);
        // Whoever gives the key itself is told so without it.
        let key = read(CARRIER_API_KEY_SECRET, Some("sk_hush")).unwrap_err();
        assert!(key.to_string().starts_with("CARRIER_API_KEY_SECRET names no secret"), "{key}");
        assert!(!format!("{key} {key:?}").contains("sk_hush"));
    }

    #[test]
    fn a_person_looks_before_the_queue_gives_up() {
        assert_eq!(read("", None).unwrap().review_after.get(), 8);
        for (text, attempts) in [("2", 2), ("9", 9)] {
            let config = read(REVIEW_AFTER_ATTEMPTS, Some(text)).unwrap();
            assert_eq!(config.review_after.get(), attempts);
        }
        for text in ["", "0", "1", "10", "-3", "eight"] {
            let error = read(REVIEW_AFTER_ATTEMPTS, Some(text)).unwrap_err().to_string();
            let expected =
                format!("REVIEW_AFTER_ATTEMPTS: {text:?} is not a whole number from 2 to 9");
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn a_key_goes_out_under_tls_alone() {
        let clear = read(CARRIER_URL, Some("http://provider.example")).unwrap_err().to_string();
        assert!(clear.starts_with("CARRIER_URL: \"http://provider.example\" is not"), "{clear}");
        read(CARRIER_URL, Some("http://127.0.0.1:9003/provider")).unwrap();
    }
}

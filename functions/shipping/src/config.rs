//! What the environment says: the one place that reads it.

use std::num::NonZeroU32;

use aws_clients::SecretRef;
use http_client::{Url, parse_url};
use lambda::{QueueConfig, Tasks};
use runtime::{ConfigError, Environment, FromEnvironment};
use state_machine::EXHAUSTED_AFTER;

const SHIPMENTS_TABLE: &str = "SHIPMENTS_TABLE";
const CARRIER_URL: &str = "CARRIER_URL";
const CARRIER_API_KEY_SECRET: &str = "CARRIER_API_KEY_SECRET";
const REVIEW_AFTER_ATTEMPTS: &str = "REVIEW_AFTER_ATTEMPTS";

/// The configuration of the function. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of shipments.
    pub shipments_table: String,
    /// Where the carrier is.
    pub carrier_url: Url,
    /// The secret that lets this function in there.
    pub carrier_api_key: SecretRef,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
    /// After how many failed attempts a shipment that should come back is abandoned for an operator
    /// to look at: 8, unless the environment says otherwise.
    pub review_after: NonZeroU32,
    /// Whether tasks of a workflow are taken.
    pub tasks: Tasks,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            shipments_table: environment.required(SHIPMENTS_TABLE)?,
            carrier_url: environment.parsed(CARRIER_URL, parse_url)?,
            carrier_api_key: secret(environment, CARRIER_API_KEY_SECRET)?,
            queue: QueueConfig::read(environment)?,
            review_after: review_after(environment)?,
            tasks: Tasks::read(environment)?,
        })
    }
}

/// One failed attempt is no reason to stop, and after ten receives the queue redrives.
fn review_after(environment: &Environment) -> Result<NonZeroU32, ConfigError> {
    if environment.optional(REVIEW_AFTER_ATTEMPTS).is_none() {
        return Ok(EXHAUSTED_AFTER);
    }
    let attempts = environment.whole(REVIEW_AFTER_ATTEMPTS, 2_u32..=9)?;
    Ok(NonZeroU32::new(attempts).unwrap_or(EXHAUSTED_AFTER))
}

fn secret(environment: &Environment, name: &'static str) -> Result<SecretRef, ConfigError> {
    environment.parsed(name, |arn| SecretRef::parse(name, arn))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE_URL: &str = "QUEUE_URL";
    const DEAD_LETTER_QUEUE_URL: &str = "DEAD_LETTER_QUEUE_URL";
    const FULFILMENT_MODE: &str = "FULFILMENT_MODE";

    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/key-x1Y2z3";

    /// What `Config` makes of an environment in which all is well but `name`.
    fn read(name: &str, value: Option<&str>) -> Result<Config, ConfigError> {
        let environment = Environment::of([
            (SHIPMENTS_TABLE, SHIPMENTS_TABLE),
            (CARRIER_URL, "https://carrier.example"),
            (CARRIER_API_KEY_SECRET, SECRET),
            (QUEUE_URL, QUEUE_URL),
            (DEAD_LETTER_QUEUE_URL, DEAD_LETTER_QUEUE_URL),
            (FULFILMENT_MODE, "choreography"),
        ]);
        Config::read(&match value {
            Some(value) => environment.with(name, value),
            None => environment.without(name),
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
        // An error over the key itself does not show it.
        let key = read(CARRIER_API_KEY_SECRET, Some("sk_hush")).unwrap_err();
        assert!(key.to_string().starts_with("CARRIER_API_KEY_SECRET: names no secret"), "{key}");
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

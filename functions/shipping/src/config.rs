//! What the environment says: the one place that reads it.

use aws_clients::SecretRef;
use http_client::{Url, parse_url};
use lambda::{QueueConfig, Tasks};
use runtime::{ConfigError, Environment, FromEnvironment};
use state_machine::RunnerConfig;

const SHIPMENTS_TABLE: &str = "SHIPMENTS_TABLE";
const CARRIER_URL: &str = "CARRIER_URL";
const CARRIER_API_KEY_SECRET: &str = "CARRIER_API_KEY_SECRET";
const REVIEW_AFTER_ATTEMPTS: &str = "REVIEW_AFTER_ATTEMPTS";

/// The configuration of the function. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where shipments are stored, and after how many failed attempts one that should come back
    /// needs manual intervention.
    pub shipments: RunnerConfig,
    /// Where the carrier is.
    pub carrier_url: Url,
    /// The secret that lets this function in there.
    pub carrier_api_key: SecretRef,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
    /// Whether tasks of a workflow are taken.
    pub tasks: Tasks,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            shipments: RunnerConfig::read(environment, SHIPMENTS_TABLE, "orderId")?
                .read_exhausted_after(environment, REVIEW_AFTER_ATTEMPTS)?,
            carrier_url: environment.parsed(CARRIER_URL, parse_url)?,
            carrier_api_key: SecretRef::read(environment, CARRIER_API_KEY_SECRET)?,
            queue: QueueConfig::read(environment)?,
            tasks: Tasks::read(environment)?,
        })
    }
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
        assert_eq!(read("", None).unwrap().shipments.table, SHIPMENTS_TABLE);
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
    fn an_operator_looks_before_the_queue_dead_letters() {
        assert_eq!(read("", None).unwrap().shipments.exhausted_after.get(), 8);
        let config = read(REVIEW_AFTER_ATTEMPTS, Some("9")).unwrap();
        assert_eq!(config.shipments.exhausted_after.get(), 9);
        let error = read(REVIEW_AFTER_ATTEMPTS, Some("10")).unwrap_err().to_string();
        assert_eq!(error, "REVIEW_AFTER_ATTEMPTS: \"10\" is not a whole number from 2 to 9");
    }

    #[test]
    fn a_key_goes_out_under_tls_alone() {
        let clear = read(CARRIER_URL, Some("http://provider.example")).unwrap_err().to_string();
        assert!(clear.starts_with("CARRIER_URL: \"http://provider.example\" is not"), "{clear}");
        read(CARRIER_URL, Some("http://127.0.0.1:9003/provider")).unwrap();
    }
}

//! What the environment says: the one place that reads it.

use aws_clients::SecretRef;
use http_client::{Url, parse_url};
use lambda::{QueueConfig, Tasks};
use runtime::{ConfigError, Environment, FromEnvironment};
use state_machine::RunnerConfig;

const PAYMENTS_TABLE: &str = "PAYMENTS_TABLE";
const PAYMENT_CUSTOMERS_TABLE: &str = "PAYMENT_CUSTOMERS_TABLE";
const PAYMENT_GATEWAY_URL: &str = "PAYMENT_GATEWAY_URL";
const PAYMENT_GATEWAY_API_KEY_SECRET: &str = "PAYMENT_GATEWAY_API_KEY_SECRET";
const PAYMENT_QUEUE_URL: &str = "PAYMENT_QUEUE_URL";
const PAYMENT_WEBHOOK_SECRET: &str = "PAYMENT_WEBHOOK_SECRET";
const REVIEW_AFTER_ATTEMPTS: &str = "REVIEW_AFTER_ATTEMPTS";

/// The partition key of the table of payments.
const KEY: &str = "orderId";

/// The configuration of the function. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where payments are stored, and after how many failed attempts a refund needs manual
    /// intervention.
    pub payments: RunnerConfig,
    /// The table of who a customer is at the payment provider.
    pub customers_table: String,
    /// Where the payment provider is.
    pub gateway_url: Url,
    /// The secret that lets this function in there.
    pub gateway_api_key: SecretRef,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
    /// Whether tasks of a workflow are taken.
    pub tasks: Tasks,
}

/// The configuration of `payment-webhooks`. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhooksConfig {
    /// Where payments are stored.
    pub payments: RunnerConfig,
    /// The queue of the function that has payments look again.
    pub queue_url: String,
    /// The secret that the provider signs its webhooks with.
    pub secret: SecretRef,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            payments: RunnerConfig::read(environment, PAYMENTS_TABLE, KEY)?
                .read_exhausted_after(environment, REVIEW_AFTER_ATTEMPTS)?,
            customers_table: environment.required(PAYMENT_CUSTOMERS_TABLE)?,
            gateway_url: environment.parsed(PAYMENT_GATEWAY_URL, parse_url)?,
            gateway_api_key: SecretRef::read(environment, PAYMENT_GATEWAY_API_KEY_SECRET)?,
            queue: QueueConfig::read(environment)?,
            tasks: Tasks::read(environment)?,
        })
    }
}

impl FromEnvironment for WebhooksConfig {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            payments: RunnerConfig::read(environment, PAYMENTS_TABLE, KEY)?,
            queue_url: environment.required(PAYMENT_QUEUE_URL)?,
            secret: SecretRef::read(environment, PAYMENT_WEBHOOK_SECRET)?,
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

    fn environment() -> Environment {
        Environment::of([
            (PAYMENTS_TABLE, PAYMENTS_TABLE),
            (PAYMENT_CUSTOMERS_TABLE, PAYMENT_CUSTOMERS_TABLE),
            (PAYMENT_GATEWAY_URL, "https://api.stripe.com"),
            (PAYMENT_GATEWAY_API_KEY_SECRET, SECRET),
            (QUEUE_URL, QUEUE_URL),
            (DEAD_LETTER_QUEUE_URL, DEAD_LETTER_QUEUE_URL),
            (FULFILMENT_MODE, "choreography"),
        ])
    }

    /// What `Config` makes of an environment in which all is well but `name`.
    fn read(name: &str, value: Option<&str>) -> Result<Config, ConfigError> {
        Config::read(&match value {
            Some(value) => environment().with(name, value),
            None => environment().without(name),
        })
    }

    #[test]
    fn an_error_names_the_variable_and_shows_no_key() {
        assert_eq!(read("", None).unwrap().payments.table, PAYMENTS_TABLE);
        for name in [
            PAYMENTS_TABLE,
            PAYMENT_CUSTOMERS_TABLE,
            PAYMENT_GATEWAY_API_KEY_SECRET,
            DEAD_LETTER_QUEUE_URL,
            FULFILMENT_MODE,
        ] {
            assert!(read(name, None).unwrap_err().to_string().contains(name));
        }
        let url = read(PAYMENT_GATEWAY_URL, Some("stripe")).unwrap_err().to_string();
        assert_eq!(
            url,
            "PAYMENT_GATEWAY_URL: \"stripe\" is not an https URL, nor an http URL of 127.0.0.1, localhost or [::1]"
        );
        assert_eq!(read("", None).unwrap().gateway_api_key.arn(), SECRET);
        // An error over the key itself does not show it.
        let key = read(PAYMENT_GATEWAY_API_KEY_SECRET, Some("sk_hush")).unwrap_err();
        assert!(
            key.to_string().starts_with("PAYMENT_GATEWAY_API_KEY_SECRET: names no secret"),
            "{key}"
        );
        assert!(!format!("{key} {key:?}").contains("sk_hush"));
    }

    #[test]
    fn the_webhooks_need_a_table_a_queue_and_a_secret_by_its_name() {
        let environment = Environment::of([
            (PAYMENTS_TABLE, PAYMENTS_TABLE),
            (PAYMENT_QUEUE_URL, PAYMENT_QUEUE_URL),
            (PAYMENT_WEBHOOK_SECRET, SECRET),
        ]);
        let config = WebhooksConfig::read(&environment).unwrap();
        assert_eq!(config.queue_url, PAYMENT_QUEUE_URL);
        for name in [PAYMENTS_TABLE, PAYMENT_QUEUE_URL, PAYMENT_WEBHOOK_SECRET] {
            let error = WebhooksConfig::read(&environment.clone().without(name)).unwrap_err();
            assert_eq!(error, ConfigError::Missing { name });
        }
        let itself = environment.with(PAYMENT_WEBHOOK_SECRET, "whsec_hush");
        let itself = WebhooksConfig::read(&itself).unwrap_err();
        assert!(!format!("{itself} {itself:?}").contains("hush"));
    }

    #[test]
    fn an_operator_looks_before_the_queue_dead_letters() {
        assert_eq!(read("", None).unwrap().payments.exhausted_after.get(), 8);
        let config = read(REVIEW_AFTER_ATTEMPTS, Some("9")).unwrap();
        assert_eq!(config.payments.exhausted_after.get(), 9);
        let error = read(REVIEW_AFTER_ATTEMPTS, Some("10")).unwrap_err().to_string();
        assert_eq!(error, "REVIEW_AFTER_ATTEMPTS: \"10\" is not a whole number from 2 to 9");
    }

    #[test]
    fn a_key_goes_out_under_tls_alone() {
        let clear =
            read(PAYMENT_GATEWAY_URL, Some("http://provider.example")).unwrap_err().to_string();
        assert!(
            clear.starts_with("PAYMENT_GATEWAY_URL: \"http://provider.example\" is not"),
            "{clear}"
        );
        read(PAYMENT_GATEWAY_URL, Some("http://127.0.0.1:9003/provider")).unwrap();
    }
}

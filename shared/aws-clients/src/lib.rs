#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod config;
mod connection;
mod roots;
#[cfg(feature = "secrets")]
mod secret;
#[cfg(feature = "dynamodb")]
mod warm;

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion,
    http::{HttpClient, http_client_fn},
    stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{SdkConfig, region::Region};

pub use aws_credential_types::Credentials;
pub use config::{AwsEnv, EnvError, Proxy, Service, Timeouts};
#[cfg(feature = "secrets")]
pub use secret::{InvalidSecretRef, Secret, SecretError, SecretRef};

pub use roots::AMAZON as AMAZON_ROOTS;

use config::Endpoints;

/// How often a request is tried. The SDK's own default, stated because the timeouts rely on it.
const ATTEMPTS_MAX: u32 = 3;
/// The first pause between attempts, at most; it doubles each time. The SDK's second would be most
/// of a function's timeout, and DynamoDB's own SDKs start from 50 ms or less.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>.
const BACKOFF_INITIAL: Duration = Duration::from_millis(50);

/// What the AWS clients of one process share: region, credentials, connections.
#[derive(Debug, Clone)]
pub struct Aws {
    sdk: SdkConfig,
    retries: Option<RetryPartition>,
    #[cfg(feature = "dynamodb")]
    warm_up: Option<warm::WarmUp>,
}

impl Aws {
    /// Takes everything from the environment, as Lambda sets it.
    ///
    /// # Errors
    ///
    /// When a variable is missing or invalid; the error names it. A function should not
    /// start.
    pub fn from_env() -> Result<Self, EnvError> {
        Self::new(AwsEnv::from_env()?)
    }

    /// Takes everything from `env`.
    ///
    /// # Errors
    ///
    /// When an endpoint is not a URL, or is set together with a switch for other endpoints of AWS,
    /// or the certificates cannot be read; the error names the environment variable that sets it. A
    /// function should not start.
    pub fn new(env: AwsEnv) -> Result<Self, EnvError> {
        env.check_endpoints()?;
        let pool =
            connection::pool(roots::trusted(env.ca_bundle.as_deref())?, env.timeouts, env.proxy)?;
        #[cfg(feature = "dynamodb")]
        let warm_up = Some(warm::WarmUp::new(&env, &pool));
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS_MAX)
            .with_initial_backoff(BACKOFF_INITIAL);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(env.timeouts.connect)
            .operation_attempt_timeout(env.timeouts.attempt)
            .operation_timeout(env.timeouts.operation);
        let mut sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(env.region))
            .credentials_provider(SharedCredentialsProvider::new(env.credentials))
            .http_client(http_client_fn(move |_, _| pool.clone()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(retries)
            .timeout_config(timeouts.build())
            // The timeout of an attempt covers its body as well.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .service_config(Endpoints(env.endpoint_urls));
        sdk.set_use_fips(env.use_fips.then_some(true));
        sdk.set_use_dual_stack(env.use_dual_stack.then_some(true));
        sdk.set_endpoint_url(env.endpoint_url);
        Ok(Self {
            sdk: sdk.build(),
            retries: None,
            #[cfg(feature = "dynamodb")]
            warm_up,
        })
    }

    /// The same clients over another HTTP client: for tests and simulations, whose AWS is in the
    /// process. `retries` is the budget of retries that these clients share with each other and
    /// with no others; the SDK's own is shared by everything in the process.
    #[must_use]
    pub fn over(&self, http: impl HttpClient + 'static, retries: RetryPartition) -> Self {
        Self {
            sdk: self.sdk.to_builder().http_client(http).build(),
            retries: Some(retries),
            #[cfg(feature = "dynamodb")]
            warm_up: None,
        }
    }

    /// The configuration that all clients are made of, for a client of a service that is not here.
    pub fn config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// A client of DynamoDB.
    #[cfg(feature = "dynamodb")]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.sdk);
        config.set_retry_partition(self.retries.clone());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// A client of EventBridge.
    #[cfg(feature = "eventbridge")]
    pub fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        let mut config = aws_sdk_eventbridge::config::Builder::from(&self.sdk);
        config.set_retry_partition(self.retries.clone());
        aws_sdk_eventbridge::Client::from_conf(config.build())
    }

    /// The secret that `reference` names, to be read.
    #[cfg(feature = "secrets")]
    pub fn secret(&self, reference: SecretRef) -> Secret {
        Secret::new(reference, self.clone())
    }

    /// A client of Secrets Manager.
    #[cfg(feature = "secrets")]
    pub fn secretsmanager(&self) -> aws_sdk_secretsmanager::Client {
        let mut config = aws_sdk_secretsmanager::config::Builder::from(&self.sdk);
        config.set_retry_partition(self.retries.clone());
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    }

    /// A client of SES, API version 2.
    #[cfg(feature = "sesv2")]
    pub fn sesv2(&self) -> aws_sdk_sesv2::Client {
        let mut config = aws_sdk_sesv2::config::Builder::from(&self.sdk);
        config.set_retry_partition(self.retries.clone());
        aws_sdk_sesv2::Client::from_conf(config.build())
    }

    /// A client of Step Functions.
    #[cfg(feature = "sfn")]
    pub fn sfn(&self) -> aws_sdk_sfn::Client {
        let mut config = aws_sdk_sfn::config::Builder::from(&self.sdk);
        config.set_retry_partition(self.retries.clone());
        aws_sdk_sfn::Client::from_conf(config.build())
    }

    /// A client of SQS.
    #[cfg(feature = "sqs")]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let mut config = aws_sdk_sqs::config::Builder::from(&self.sdk);
        config.set_retry_partition(self.retries.clone());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    /// A client of the parameter store of Systems Manager.
    #[cfg(feature = "secrets")]
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        let mut config = aws_sdk_ssm::config::Builder::from(&self.sdk);
        config.set_retry_partition(self.retries.clone());
        aws_sdk_ssm::Client::from_conf(config.build())
    }

    /// Opens the connection that the first request to DynamoDB will use; to be called while the
    /// function initializes. It takes no longer than an attempt may. Failing changes nothing, so it
    /// is only logged.
    #[cfg(feature = "dynamodb")]
    pub async fn warm_dynamodb(&self) {
        let Some(warm_up) = &self.warm_up else { return };
        if let Err(reason) = warm_up.run().await {
            tracing::debug!(reason, "no connection to DynamoDB yet");
        }
    }
}

#[cfg(test)]
mod tests;

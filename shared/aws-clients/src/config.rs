//! What the environment says: the one place that reads it.
//!
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html> and
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use aws_credential_types::Credentials;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use http::Uri;

const REGION: &str = "AWS_REGION";
const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
pub(crate) const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// Who issued the credentials, in the SDK's logs.
const CREDENTIALS_SOURCE: &str = "environment";

/// What is wrong with the environment. Each names the variable to set right.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// A variable is not there, or empty.
    #[error("{variable} is not set")]
    Missing {
        /// The variable.
        variable: &'static str,
    },
    /// An endpoint cannot be called.
    #[error("{variable} is {value:?}, which is not an http or https URL")]
    NotAUrl {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// The certificates cannot be read.
    #[error("{variable} names {path:?}, which cannot be read")]
    Unreadable {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The certificates cannot be used.
    #[error("{variable} does not name PEM certificates that TLS can use")]
    Untrusted {
        /// The variable.
        variable: &'static str,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A service with a client here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Amazon DynamoDB.
    DynamoDb,
    /// Amazon EventBridge.
    EventBridge,
    /// Amazon Simple Email Service, API version 2.
    SesV2,
    /// AWS Step Functions.
    Sfn,
    /// Amazon Simple Queue Service.
    Sqs,
}

impl Service {
    const ALL: [Self; 5] = [Self::DynamoDb, Self::EventBridge, Self::SesV2, Self::Sfn, Self::Sqs];

    /// The service's name inside the SDKs.
    fn sdk_id(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::EventBridge => "EventBridge",
            Self::SesV2 => "SESv2",
            Self::Sfn => "SFN",
            Self::Sqs => "SQS",
        }
    }

    fn endpoint_variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::EventBridge => "AWS_ENDPOINT_URL_EVENTBRIDGE",
            Self::SesV2 => "AWS_ENDPOINT_URL_SESV2",
            Self::Sfn => "AWS_ENDPOINT_URL_SFN",
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
        }
    }
}

/// How long a request may take: by default 1, 2 and 5 seconds. Without limits of its own a hung
/// connection holds a function until its timeout kills it, and with it whatever else the batch was
/// about to finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// One attempt, from connecting to the last byte of the answer.
    pub attempt: Duration,
    /// All attempts, and the pauses between them.
    pub operation: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // Within a region a connection takes milliseconds; a lost packet is sent again after
            // one second, and then a new connection is no slower.
            connect: Duration::from_secs(1),
            // DynamoDB answers in milliseconds, PutEvents and mail in some hundred.
            attempt: Duration::from_secs(2),
            // Two hung attempts and one good one; within the shortest timeout of a function.
            operation: Duration::from_secs(5),
        }
    }
}

/// What clients need to know. Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct AwsEnv {
    /// The region, e.g. `eu-central-1`.
    pub region: String,
    /// Who signs the requests. Those of a function do not change while its process lives.
    pub credentials: Credentials,
    /// Where all services are, if not at AWS: an `http` or `https` URL.
    pub endpoint_url: Option<String>,
    /// Where single services are, by URL; this comes before `endpoint_url`.
    pub endpoint_urls: BTreeMap<Service, String>,
    /// The path of a PEM file with the authorities to trust instead of Amazon's.
    pub ca_bundle: Option<PathBuf>,
    /// How long a request may take.
    pub timeouts: Timeouts,
}

impl AwsEnv {
    /// AWS itself, in `region`, as `credentials`, with the usual authorities and timeouts.
    pub fn new(region: impl Into<String>, credentials: Credentials) -> Self {
        Self {
            region: region.into(),
            credentials,
            endpoint_url: None,
            endpoint_urls: BTreeMap::new(),
            ca_bundle: None,
            timeouts: Timeouts::default(),
        }
    }

    /// What the variables of the process say.
    ///
    /// # Errors
    ///
    /// When region or credentials are missing; the error names the variable. A function should
    /// not start.
    pub fn from_env() -> Result<Self, EnvError> {
        #[expect(clippy::disallowed_methods, reason = "this is the config.rs that reads it")]
        Self::read(|variable| std::env::var(variable).ok())
    }

    fn read(variables: impl Fn(&'static str) -> Option<String>) -> Result<Self, EnvError> {
        // An empty variable counts as none, as it does in the SDKs.
        let optional = |variable| variables(variable).filter(|value| !value.is_empty());
        let required = |variable| optional(variable).ok_or(EnvError::Missing { variable });
        let region = required(REGION)?;
        let credentials = Credentials::new(
            required(ACCESS_KEY_ID)?,
            required(SECRET_ACCESS_KEY)?,
            optional(SESSION_TOKEN),
            None,
            CREDENTIALS_SOURCE,
        );
        let endpoint_of = |service: Service| {
            optional(service.endpoint_variable()).map(|endpoint_url| (service, endpoint_url))
        };
        Ok(Self {
            endpoint_url: optional(ENDPOINT_URL),
            endpoint_urls: Service::ALL.into_iter().filter_map(endpoint_of).collect(),
            ca_bundle: optional(CA_BUNDLE).map(PathBuf::from),
            ..Self::new(region, credentials)
        })
    }

    /// Where `service` is, if not at AWS.
    #[cfg(feature = "dynamodb")]
    pub(crate) fn endpoint_of(&self, service: Service) -> Option<&str> {
        self.endpoint_urls.get(&service).or(self.endpoint_url.as_ref()).map(String::as_str)
    }

    pub(crate) fn check_endpoints(&self) -> Result<(), EnvError> {
        let all = self.endpoint_url.iter().map(|url| (ENDPOINT_URL, url));
        let single = self.endpoint_urls.iter().map(|(it, url)| (it.endpoint_variable(), url));
        match all.chain(single).find(|(_, url)| !is_http(url)) {
            None => Ok(()),
            Some((variable, url)) => Err(EnvError::NotAUrl { variable, value: url.clone() }),
        }
    }
}

fn is_http(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| matches!(url.scheme_str(), Some("http" | "https")))
}

/// Hands each client the endpoint of its service.
#[derive(Debug)]
pub(crate) struct Endpoints(pub(crate) BTreeMap<Service, String>);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let mut endpoints = self.0.iter().filter(|_| key.env() == ENDPOINT_URL);
        endpoints.find(|(it, _)| it.sdk_id() == key.service_id()).map(|(_, url)| url.clone())
    }
}

#[cfg(test)]
mod tests;

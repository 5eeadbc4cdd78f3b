//! The environment variables of the clients: the one place that reads them.
//!
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html> and
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.

mod error;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use aws_credential_types::Credentials;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use http::Uri;

pub use error::EnvError;

const REGION: &str = "AWS_REGION";
const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
const IGNORE_ENDPOINT_URLS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
const USE_FIPS: &str = "AWS_USE_FIPS_ENDPOINT";
const USE_DUAL_STACK: &str = "AWS_USE_DUALSTACK_ENDPOINT";
/// The variables that name a proxy, in both spellings.
const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
pub(crate) const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// Who issued the credentials, in the SDK's logs.
const CREDENTIALS_SOURCE: &str = "environment";

/// A service with a client here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Amazon DynamoDB.
    DynamoDb,
    /// Amazon EventBridge.
    EventBridge,
    /// AWS Secrets Manager.
    SecretsManager,
    /// Amazon Simple Email Service, API version 2.
    SesV2,
    /// AWS Step Functions.
    Sfn,
    /// Amazon Simple Queue Service.
    Sqs,
    /// AWS Systems Manager, for its parameters.
    Ssm,
}

impl Service {
    pub(crate) const ALL: [Self; 7] = [
        Self::DynamoDb,
        Self::EventBridge,
        Self::SecretsManager,
        Self::SesV2,
        Self::Sfn,
        Self::Sqs,
        Self::Ssm,
    ];

    /// The service's name inside the SDKs.
    fn sdk_id(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::EventBridge => "EventBridge",
            Self::SecretsManager => "Secrets Manager",
            Self::SesV2 => "SESv2",
            Self::Sfn => "SFN",
            Self::Sqs => "SQS",
            Self::Ssm => "SSM",
        }
    }

    fn endpoint_variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::EventBridge => "AWS_ENDPOINT_URL_EVENTBRIDGE",
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::SesV2 => "AWS_ENDPOINT_URL_SESV2",
            Self::Sfn => "AWS_ENDPOINT_URL_SFN",
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
            Self::Ssm => "AWS_ENDPOINT_URL_SSM",
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

/// Whether calls go through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proxy {
    /// Directly.
    #[default]
    None,
    /// As `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the process set, in capitals
    /// or not.
    Environment,
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
    /// Whether to call endpoints with FIPS 140 modules; not together with an endpoint of one's own.
    pub use_fips: bool,
    /// Whether to call endpoints that have addresses of IPv6, too; not together with an endpoint of
    /// one's own.
    pub use_dual_stack: bool,
    /// Whether to go through the proxy that the process's environment names.
    pub proxy: Proxy,
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
            use_fips: false,
            use_dual_stack: false,
            proxy: Proxy::None,
            ca_bundle: None,
            timeouts: Timeouts::default(),
        }
    }

    /// From the variables of the process.
    ///
    /// # Errors
    ///
    /// When region or credentials are missing, a switch is neither true nor false, or a proxy is no
    /// URL; the error names the variable. A function should not start.
    pub fn from_env() -> Result<Self, EnvError> {
        #[expect(clippy::disallowed_methods, reason = "this is the config.rs that reads it")]
        Self::read(|variable| std::env::var(variable).ok())
    }

    /// As [`from_env`](Self::from_env), in `region`, whatever the variables are.
    ///
    /// # Errors
    ///
    /// As there, except for the region.
    pub fn from_env_in(region: &str) -> Result<Self, EnvError> {
        #[expect(clippy::disallowed_methods, reason = "this is the config.rs that reads it")]
        let variables = |variable| std::env::var(variable).ok();
        Self::read(|variable| match variable {
            REGION => Some(region.to_owned()),
            _ => variables(variable),
        })
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
        let switch = |variable| match optional(variable) {
            None => Ok(false),
            Some(value) if value.trim().eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.trim().eq_ignore_ascii_case("false") => Ok(false),
            Some(value) => Err(EnvError::NotASwitch { variable, value }),
        };
        let proxies =
            || PROXIES.into_iter().filter_map(|variable| Some((variable, optional(variable)?)));
        if let Some((variable, _)) = proxies().find(|(_, url)| !is_proxy(url)) {
            return Err(EnvError::NotAProxy { variable });
        }
        let has_endpoints = !switch(IGNORE_ENDPOINT_URLS)?;
        let single = Service::ALL.into_iter().filter_map(endpoint_of);
        Ok(Self {
            endpoint_url: optional(ENDPOINT_URL).filter(|_| has_endpoints),
            endpoint_urls: single.filter(|_| has_endpoints).collect(),
            use_fips: switch(USE_FIPS)?,
            use_dual_stack: switch(USE_DUAL_STACK)?,
            proxy: if proxies().next().is_some() { Proxy::Environment } else { Proxy::None },
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
        let endpoints: Vec<_> = all.chain(single).collect();
        if let Some(&(variable, url)) = endpoints.iter().find(|(_, url)| !is_http(url)) {
            return Err(EnvError::NotAUrl { variable, value: url.clone() });
        }
        // The SDK would return this error at each request.
        let switches = [(USE_FIPS, self.use_fips), (USE_DUAL_STACK, self.use_dual_stack)];
        let on = switches.into_iter().find(|(_, is_on)| *is_on);
        match on.zip(endpoints.first()) {
            None => Ok(()),
            Some(((variable, _), &(endpoint, _))) => {
                Err(EnvError::Contradiction { variable, endpoint })
            }
        }
    }
}

/// Whether it is what `HTTPS_PROXY` holds: a URL, which may lack its scheme.
fn is_proxy(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| {
        url.authority().is_some() && matches!(url.scheme_str(), None | Some("http" | "https"))
    })
}

fn is_http(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| matches!(url.scheme_str(), Some("http" | "https")))
}

/// Gives each client the endpoint of its service.
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

//! The relay behind Lambda's API, at AWS or at a stack on this machine.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_clients::{AMAZON_ROOTS, AwsEnv};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use reqwest::{Certificate, Client, Method, StatusCode};
use serde_json::Value;

use super::Relay;

/// A function answers within its timeout; the relay has less than this.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// The header that marks that it was the function that failed.
const FUNCTION_ERROR: &str = "x-amz-function-error";
/// How much of an answer is quoted.
const QUOTED_MAX: usize = 300;

/// Why the relay took nothing.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// There can be no HTTP client on this machine.
    #[error("no HTTP client: {0}")]
    Setup(String),
    /// The request cannot be signed.
    #[error("the request cannot be signed with these credentials: {0}")]
    Signing(String),
    /// No service answers.
    #[error("Lambda does not answer")]
    Unavailable(#[from] reqwest::Error),
    /// Lambda refuses.
    #[error("Lambda answers {status}: {body}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// Its message.
        body: String,
    },
    /// The function failed.
    #[error("the relay failed ({kind}): {body}")]
    Failed {
        /// How.
        kind: String,
        /// Its message.
        body: String,
    },
    /// What came is no JSON, or lacks what it should have.
    #[error("Lambda's answer has no {what}")]
    Unreadable {
        /// What it lacks.
        what: &'static str,
    },
}

/// The relay of a stack, by HTTP.
#[derive(Debug, Clone)]
pub struct HttpRelay {
    http: Client,
    env: Arc<AwsEnv>,
    url: String,
}

impl HttpRelay {
    /// The function `name` at the endpoint of `env`.
    ///
    /// # Errors
    ///
    /// When there can be no HTTP client on this machine, or the bundle of certificates cannot be
    /// read.
    pub fn new(env: AwsEnv, name: &str) -> Result<Self, InvokeError> {
        let setup = |error: &dyn std::error::Error| InvokeError::Setup(error.to_string());
        // A provider of cryptography that was installed before is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pem = match &env.ca_bundle {
            Some(path) => std::fs::read(path).map_err(|error| setup(&error))?,
            None => AMAZON_ROOTS.to_vec(),
        };
        let roots = Certificate::from_pem_bundle(&pem).map_err(|error| setup(&error))?;
        let client = Client::builder().tls_certs_only(roots).timeout(WAIT_MAX);
        let client = if env.endpoint_url.is_some() { client.no_proxy() } else { client };
        let http = client.build().map_err(|error| setup(&error))?;
        let endpoint = env.endpoint_url.clone().unwrap_or_else(|| endpoint_of(&env));
        let endpoint = endpoint.trim_end_matches('/');
        let url = format!("{endpoint}/2015-03-31/functions/{name}");
        Ok(Self { http, env: Arc::new(env), url })
    }

    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Value, InvokeError> {
        let url = format!("{}/{path}", self.url);
        let mut request = self.http.request(method.clone(), &url).body(body.clone());
        for (name, value) in self.signature(method.as_str(), &url, &body)? {
            request = request.header(name, value);
        }
        let response = request.send().await?;
        let status = response.status();
        let failed = response.headers().get(FUNCTION_ERROR);
        let failed = failed.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
        let bytes = response.bytes().await?;
        let quoted = || String::from_utf8_lossy(&bytes).chars().take(QUOTED_MAX).collect();
        if !status.is_success() {
            return Err(InvokeError::Refused { status, body: quoted() });
        }
        if let Some(kind) = failed {
            return Err(InvokeError::Failed { kind, body: quoted() });
        }
        serde_json::from_slice(&bytes).map_err(|_| InvokeError::Unreadable { what: "JSON" })
    }

    /// The headers that sign a request.
    fn signature(
        &self,
        method: &str,
        url: &str,
        body: &[u8],
    ) -> Result<Vec<(String, String)>, InvokeError> {
        let identity = Identity::from(self.env.credentials.clone());
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.env.region)
            .name("lambda")
            .time(now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| InvokeError::Signing(error.to_string()))?
            .into();
        let (headers, body) = (std::iter::empty(), SignableBody::Bytes(body));
        let signed = SignableRequest::new(method, url, headers, body)
            .and_then(|request| sign(request, &params))
            .map_err(|error| InvokeError::Signing(error.to_string()))?;
        let (instructions, _) = signed.into_parts();
        let headers = instructions.headers();
        Ok(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl Relay for HttpRelay {
    async fn publishes(&self) -> Result<String, InvokeError> {
        let answer = self.send(Method::GET, "configuration", Vec::new()).await?;
        let publishes = answer["Environment"]["Variables"]["PUBLISHES"].as_str();
        publishes.map(str::to_owned).ok_or(InvokeError::Unreadable { what: "PUBLISHES" })
    }

    async fn relay(&self, batch: &Value) -> Result<Value, InvokeError> {
        self.send(Method::POST, "invocations", batch.to_string().into_bytes()).await
    }
}

/// Where Lambda is in the region of `env`.
fn endpoint_of(env: &AwsEnv) -> String {
    let region = &env.region;
    let service = if env.use_fips { "lambda-fips" } else { "lambda" };
    let domain = match (region.starts_with("cn-"), env.use_dual_stack) {
        (false, false) => "amazonaws.com",
        (false, true) => "api.aws",
        (true, false) => "amazonaws.com.cn",
        (true, true) => "api.amazonwebservices.com.cn",
    };
    format!("https://{service}.{region}.{domain}")
}

#[expect(clippy::disallowed_methods, reason = "a signature is of the moment it is made")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use aws_clients::Credentials;
    use axum::{Router, body::Bytes, http::HeaderMap, routing::post};

    use super::*;

    fn env() -> AwsEnv {
        AwsEnv::new("eu-central-1", Credentials::new("AKIAEXAMPLE", "secret", None, None, "test"))
    }

    #[test]
    fn lambda_is_found_in_every_region() {
        assert_eq!(endpoint_of(&env()), "https://lambda.eu-central-1.amazonaws.com");
        let china = AwsEnv { region: "cn-north-1".into(), ..env() };
        assert_eq!(endpoint_of(&china), "https://lambda.cn-north-1.amazonaws.com.cn");
        let fips = AwsEnv { use_fips: true, ..env() };
        assert_eq!(endpoint_of(&fips), "https://lambda-fips.eu-central-1.amazonaws.com");
        HttpRelay::new(env(), "orderly-relay").unwrap();
    }

    #[tokio::test]
    async fn a_request_is_signed_and_a_failure_is_told() {
        let answer = |headers: HeaderMap, body: Bytes| async move {
            let signature = headers["authorization"].to_str().unwrap().to_owned();
            assert!(signature.contains("/eu-central-1/lambda/aws4_request"), "{signature}");
            let failed = if body == "[]" { "Unhandled" } else { "" };
            let headers = (!failed.is_empty()).then_some([(FUNCTION_ERROR, failed)]);
            (
                headers.map_or_else(HeaderMap::new, |[(name, value)]| {
                    HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
                }),
                r#"{"batchItemFailures":[]}"#,
            )
        };
        let path = "/2015-03-31/functions/orderly-relay/invocations";
        let router = Router::new().route(path, post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let at = |name| {
            let env = AwsEnv { endpoint_url: Some(endpoint.clone()), ..env() };
            HttpRelay::new(env, name).unwrap()
        };
        let answer = at("orderly-relay").relay(&serde_json::json!({})).await.unwrap();
        assert_eq!(answer["batchItemFailures"], serde_json::json!([]));
        let failed = at("orderly-relay").relay(&serde_json::json!([])).await.unwrap_err();
        assert!(matches!(failed, InvokeError::Failed { .. }), "{failed}");
        let refused = at("another").relay(&serde_json::json!({})).await.unwrap_err();
        assert!(matches!(refused, InvokeError::Refused { .. }), "{refused}");
    }
}

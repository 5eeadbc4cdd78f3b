//! The JWT authorizer of an API whose tokens come from a real issuer.
//!
//! What is checked is what API Gateway checks: the signature against a key of the issuer, `iss`,
//! `aud` or else `client_id`, `exp`, `nbf` and `iat`. Source:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>.

mod keys;
mod token;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::sync::Mutex;
use tracing::warn;

use keys::Keys;
pub(crate) use token::Invalid;
use token::{Token, check_claims, claim_texts};

/// How long keys are believed. API Gateway may keep them as long.
const KEYS_KEPT: Duration = Duration::from_secs(2 * 60 * 60);
/// How often the issuer is asked at most: tokens with invented keys must not become requests.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How long the issuer may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Who issues tokens, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenIssuer {
    /// The claim `iss` of tokens, and where the `OpenID` configuration lies beneath.
    pub url: String,
    /// What the claim `aud` must name, or `client_id` where there is no `aud`.
    pub audience: String,
}

/// The issuer cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client to ask the issuer with")]
pub struct IssuerError(#[source] reqwest::Error);

/// Checks tokens of an issuer.
#[derive(Debug)]
pub(crate) struct Verifier {
    issuer: TokenIssuer,
    client: reqwest::Client,
    ask_again_after: Duration,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    keys: Arc<Keys>,
    /// When they came.
    since: Option<Instant>,
    /// When they were asked for, with or without success.
    asked: Option<Instant>,
}

/// `<issuer>/.well-known/openid-configuration`, what is read of it.
#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

impl Verifier {
    pub(crate) fn new(issuer: TokenIssuer) -> Result<Self, IssuerError> {
        // A provider of cryptography that is already installed is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().timeout(TIMEOUT);
        // An issuer on this machine is asked directly, and needs no certificates.
        let builder = if issuer.url.starts_with("http:") {
            builder.no_proxy().tls_certs_only([])
        } else {
            builder
        };
        let client = builder.build().map_err(IssuerError)?;
        let ask_again_after = ASKED_AGAIN_AFTER;
        Ok(Self { issuer, client, ask_again_after, cache: Mutex::default() })
    }

    /// The claims of a token that holds at `now`, in seconds since 1970, each as API Gateway
    /// writes it.
    pub(crate) async fn verify(
        &self,
        token: &str,
        now: i64,
    ) -> Result<BTreeMap<String, String>, Invalid> {
        let token = Token::parse(token)?;
        let keys = self.keys_with(&token.key_id).await;
        let key = keys.get(&token.key_id).ok_or(Invalid::UnknownKey)?;
        token.check_signature(key)?;
        check_claims(&token.claims, &self.issuer, now)?;
        Ok(claim_texts(&token.claims))
    }

    /// The issuer's keys, asked for again if they are old or lack this one.
    async fn keys_with(&self, key_id: &str) -> Arc<Keys> {
        let mut cache = self.cache.lock().await;
        let is_fresh = cache.since.is_some_and(|since| since.elapsed() < KEYS_KEPT);
        let may_ask = cache.asked.is_none_or(|asked| asked.elapsed() >= self.ask_again_after);
        if may_ask && !(is_fresh && cache.keys.contains_key(key_id)) {
            match self.ask().await {
                Ok(keys) => {
                    cache.keys = Arc::new(keys);
                    cache.since = Some(Instant::now());
                }
                Err(reason) => warn!(issuer = self.issuer.url, reason, "no keys of the issuer"),
            }
            cache.asked = Some(Instant::now());
        }
        Arc::clone(&cache.keys)
    }

    async fn ask(&self) -> Result<Keys, String> {
        let base = self.issuer.url.trim_end_matches('/');
        let configuration = self.get(&format!("{base}/.well-known/openid-configuration")).await?;
        let Configuration { issuer, jwks_uri } =
            serde_json::from_slice(&configuration).map_err(|error| error.to_string())?;
        if issuer != self.issuer.url {
            return Err(format!("its configuration is of the issuer {issuer:?}"));
        }
        keys::parse(&self.get(&jwks_uri).await?).map_err(|error| error.to_string())
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        let answer = self.client.get(url).send().await.and_then(|it| it.error_for_status());
        let body = match answer {
            Ok(answer) => answer.bytes().await,
            Err(error) => Err(error),
        };
        body.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests;

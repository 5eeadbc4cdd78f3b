#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod answer;
mod key;
mod keys;

use std::time::{Duration, Instant};

use answer::ANSWER_BYTES_MAX;
use keys::Keys;
use reqwest::{
    Client, Method, Request, RequestBuilder,
    header::{AUTHORIZATION, HeaderValue},
    redirect::Policy,
};
use runtime::{BoxError, Breaker, Failure};
use tracing::{Instrument, Level, Span, event, field::Empty, info_span};

pub use answer::{Answer, AnswerTooLong, UnreadableAnswer, code, misconfigured};
pub use key::{ApiKey, InvalidKey};
pub use reqwest::{StatusCode, Url};

/// Until a connection stands, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// From connecting to the last byte of the answer. Three calls fit into ten seconds, a common
/// timeout of a function.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);
/// After so many requests in a row without a proper answer the circuit opens.
const FAILURES_MAX: u32 = 5;
/// For how long it is open. Records that wait for the provider are back in their queue meanwhile,
/// and a function's time goes to others.
const REST: Duration = Duration::from_secs(5);

/// A provider: its URL, the key that it accepts, and how long it may take. Clones share their
/// connections and circuit breaker.
#[derive(Debug, Clone)]
pub struct HttpClient {
    base: Url,
    keys: Keys,
    timeout: Duration,
    client: Client,
    breaker: Breaker,
}

/// The text, which the error shows, is not the URL of a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an https URL, nor an http URL of 127.0.0.1, localhost or [::1]")]
pub struct InvalidUrl(String);

/// No connection of this process could ever be made.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up")]
pub struct SetupError(#[source] reqwest::Error);

/// Parses the URL of a provider from the configuration: `https`, or `http` on this machine. Over
/// any other scheme the key would be readable on the way.
///
/// # Errors
///
/// When nothing can be appended to it, or its scheme is another; the function should not start.
pub fn parse_url(text: &str) -> Result<Url, InvalidUrl> {
    let is_fit = |url: &Url| match url.scheme() {
        "https" => url.has_host(),
        // The parser writes each host in one way, however it came.
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")),
        _ => false,
    };
    Url::parse(text).ok().filter(is_fit).ok_or_else(|| InvalidUrl(text.to_owned()))
}

impl HttpClient {
    /// The provider at `base`, which accepts `key`. A connection has one second to stand, and an
    /// answer three seconds to come.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up; the function should not start.
    pub fn new(base: Url, key: ApiKey) -> Result<Self, SetupError> {
        // The only error is that the process has a provider already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect would send the key and the body to another host.
            .redirect(Policy::none());
        if base.scheme() == "http" {
            // Reading the system's authorities takes longer than all else, and nothing uses them.
            client = client.tls_certs_only([]);
        }
        let client = client.build().map_err(SetupError)?;
        let breaker = Breaker::new(FAILURES_MAX, REST);
        let keys = Keys::fixed(key);
        Ok(Self { base, keys, timeout: REQUEST_TIMEOUT, client, breaker })
    }

    /// The same provider, given `timeout` for each answer, from connecting to its last byte, in
    /// place of three seconds.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The same provider, whose key is read anew by `read` when it answers 401, as it does once the
    /// key was changed; at most once a minute. If there is another key by then, the request is sent
    /// once more with it, and so is whatever comes later. What `read` fails with is logged, so it
    /// must not hold the key.
    #[must_use]
    pub fn renewed_by<F, E>(self, read: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<ApiKey, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self { keys: self.keys.renewed_by(read), ..self }
    }

    /// Where the provider is.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// A request to the resource at `path`, whose segments are escaped.
    fn request(&self, method: Method, path: &[&str], query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.base.clone();
        // Only URLs without a host have no segments, and `parse_url` refuses these.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.client.request(method, url).timeout(self.timeout)
    }

    /// A `GET` of the resource at `path` below the provider's URL, whose segments are escaped, with
    /// the parameters `query`.
    pub fn get(&self, path: &[&str], query: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::GET, path, query)
    }

    /// A `POST` to `path`, escaped as for [`get`](Self::get), that the provider carries out once,
    /// however often it is sent with this `key`: it goes into the header `Idempotency-Key`. A key
    /// that no header can hold makes [`send`](Self::send) fail.
    pub fn post(&self, path: &[&str], key: &str) -> RequestBuilder {
        self.request(Method::POST, path, &[]).header("idempotency-key", key)
    }

    /// A `DELETE` of `path`, escaped as for [`get`](Self::get). It has the same effect however
    /// often it is sent.
    pub fn delete(&self, path: &[&str]) -> RequestBuilder {
        self.request(Method::DELETE, path, &[])
    }

    /// Sends a request and returns an answer that is about the request itself.
    ///
    /// # Errors
    ///
    /// Retry, when there was no answer (the request may have been executed all the same), when
    /// the provider is overloaded, or when it refuses the key: an operator has to correct it.
    /// Retry later, without a request, when the last five in a row were not answered, or
    /// with a server's error: the circuit is open for five seconds, then one is let through.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        self.exchange(request).await?.settled()
    }

    /// Sends a request and returns every answer, also one that is not about the request itself, for
    /// a caller that reads those too. [`Answer::settled`] turns them into failures.
    ///
    /// # Errors
    ///
    /// Retry, when there was no answer or one that is too long ([`AnswerTooLong`]), and while the
    /// circuit is open, as for [`send`](Self::send).
    pub async fn exchange(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let (client, request) = request.build_split();
        let request = request.map_err(Failure::retry)?;
        // Every body here is in memory, and so can be sent again.
        let again = request.try_clone();
        let key = self.keys.current();
        let answer = self.attempt(&client, request, &key).await?;
        let Some(again) = again.filter(|_| answer.status == StatusCode::UNAUTHORIZED) else {
            return Ok(answer);
        };
        match self.keys.other_than(&key).await {
            Some(key) => self.attempt(&client, again, &key).await,
            None => Ok(answer),
        }
    }

    /// Sends it once, unless the circuit is open.
    async fn attempt(
        &self,
        client: &Client,
        mut request: Request,
        key: &ApiKey,
    ) -> Result<Answer, Failure> {
        if let Err(resting) = self.breaker.admit() {
            event!(target: "metrics", Level::TRACE, monotonic_counter.ProviderRests = 1_u64);
            return Err(Failure::retry_after(resting, resting.left));
        }
        let bearer = format!("Bearer {}", key.reveal());
        let mut bearer = HeaderValue::try_from(bearer).map_err(Failure::retry)?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let span = info_span!("provider", otel.kind = "client", status = Empty);
        let answer = measured(client, request).instrument(span).await;
        match &answer {
            Ok(answer) if !answer.status.is_server_error() => self.breaker.succeeded(),
            Ok(_) | Err(_) => self.breaker.failed(),
        }
        answer.map_err(Failure::retry)
    }
}

/// As [`receive`], and records metrics. A 4xx is an answer like any other: a card
/// that is declined, for example.
async fn measured(client: &Client, request: Request) -> Result<Answer, BoxError> {
    let begun = Instant::now();
    let answer = receive(client, request).await;
    let status = answer.as_ref().ok().map(|answer| answer.status);
    Span::current().record("status", status.map(|status| status.as_u16()));
    let is_failed = status.is_none_or(|status| status.is_server_error());
    let is_throttled = status == Some(StatusCode::TOO_MANY_REQUESTS);
    event!(
        target: "metrics",
        Level::TRACE,
        monotonic_counter.ProviderCalls = 1_u64,
        monotonic_counter.ProviderFailures = is_failed.then_some(1_u64),
        monotonic_counter.ProviderThrottles = is_throttled.then_some(1_u64),
        histogram.ProviderMs = begun.elapsed().as_secs_f64() * 1_000.0,
    );
    answer
}

/// The whole answer, unless it is too long to be one.
async fn receive(client: &Client, request: Request) -> Result<Answer, BoxError> {
    let mut response = client.execute(request).await?;
    let status = response.status();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(AnswerTooLong { status }.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer::new(status, &headers, body))
}

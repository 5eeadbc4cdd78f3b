//! The `Idempotency-Key` header of an HTTP API.
//!
//! [`HttpLayer`] goes around a handler of `http::Request`s, such as those of `lambda_http` or
//! axum. It answers every request itself, problems (RFC 9457) included:
//!
//! | the request | is answered with |
//! |---|---|
//! | has no key, or two | 400 `idempotency-key-missing` |
//! | has a key of more than 255 characters, or with others than visible ASCII | 400 `idempotency-key-invalid` |
//! | is the first with its key | what the handler answers |
//! | comes again | the answer of then, and `Idempotency-Replayed: true` |
//! | comes while the first is being handled | 409 `idempotency-key-in-use` and `Retry-After` |
//! | has the key of another request | 422 `idempotency-key-reused` |
//! | is answered by the handler with what is not final | that answer; it is not kept, and may be tried again |
//! | cannot be handled now | 503 `try-again` and `Retry-After` |
//! | can never be handled | 500 `not-handled` |
//!
//! Which answers are final, [`is_final`] says, or the handler itself ([`Keep`]), or the layer
//! ([`HttpLayer::keep_if`]). An answer that is not kept leaves nothing: the writes of its unit of
//! work are not written. The first answer goes out as the handler gave it; one that is given again
//! has its status, its body, and the headers that [`is_replayed`] lets through.
//!
//! Two requests are the same when method, path, query and body are. Bodies of JSON are compared by
//! what they say: layout and order of names do not matter, nor how a number is written, but each
//! digit of it does. A body that has a name twice, or is no JSON, is compared byte for byte.
//!
//! After the draft standard <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>.

mod answer;
mod keeping;
mod kept;
mod service;

use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, Request, Response};
use tower::Layer;

use crate::{IdempotencyConfig, IdempotencyLayer, Identity, json};
use keeping::Keeping;
pub use keeping::{Keep, is_final, is_replayed};
use kept::Kept;
pub use kept::StoredResponse;
pub use service::HttpIdempotent;

/// The header.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The header that says that an answer is a repeated one.
pub const IDEMPOTENCY_REPLAYED: &str = "idempotency-replayed";
/// The longest key, in characters.
pub const KEY_CHARACTERS_MAX: usize = 255;

type Scope<B> = Arc<dyn Fn(&Request<B>) -> String + Send + Sync>;

/// Lets each request of an HTTP API take effect once, by its `Idempotency-Key`.
///
/// The handler takes an [`Attempt`](crate::Attempt) at a `Request<B>` and returns a
/// [`UnitOfWork`](crate::UnitOfWork) with a `Response<String>`.
pub struct HttpLayer<S, B> {
    records: IdempotencyLayer<S, Kept>,
    scope: Scope<B>,
    keeping: Keeping,
}

impl<S: crate::Store, B> HttpLayer<S, B> {
    /// Around handlers whose whole effect is in the store; as
    /// [`IdempotencyLayer::transactional`].
    ///
    /// `scope` says whose key it is, such as the authenticated customer: the same key of two
    /// callers means two things, and one caller must never be told the other's answer.
    pub fn transactional(
        guard: IdempotencyConfig<S>,
        scope: impl Fn(&Request<B>) -> String + Send + Sync + 'static,
    ) -> Self {
        Self::of(IdempotencyLayer::transactional(guard), scope)
    }

    /// Around handlers with effects elsewhere; as [`IdempotencyLayer::leased`].
    pub fn leased(
        guard: IdempotencyConfig<S>,
        scope: impl Fn(&Request<B>) -> String + Send + Sync + 'static,
    ) -> Self {
        Self::of(IdempotencyLayer::leased(guard), scope)
    }

    fn of(
        records: IdempotencyLayer<S, Kept>,
        scope: impl Fn(&Request<B>) -> String + Send + Sync + 'static,
    ) -> Self {
        Self { records, scope: Arc::new(scope), keeping: Keeping::default() }
    }

    /// Keeps the answers that `is_final` says are, instead of those that [`is_final`] does. What a
    /// handler says by [`Keep`] comes before either.
    #[must_use]
    pub fn keep_if(
        mut self,
        is_final: impl Fn(&Response<String>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.keeping.is_final = Arc::new(is_final);
        self
    }

    /// Gives again the headers that `is_replayed` lets through, instead of those that
    /// [`is_replayed`] does. What `Connection` names ends with the connection in any case.
    ///
    /// ```
    /// use idempotency::{MemoryStore, http::{HttpLayer, is_replayed}};
    ///
    /// # fn with(layer: HttpLayer<MemoryStore, Vec<u8>>) -> HttpLayer<MemoryStore, Vec<u8>> {
    /// layer.replay_headers(|name| is_replayed(name) && name != "x-one-time-token")
    /// # }
    /// ```
    #[must_use]
    pub fn replay_headers(
        mut self,
        is_replayed: impl Fn(&HeaderName) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.keeping.is_replayed = Arc::new(is_replayed);
        self
    }
}

impl<S: Clone, B> Clone for HttpLayer<S, B> {
    fn clone(&self) -> Self {
        Self {
            records: self.records.clone(),
            scope: self.scope.clone(),
            keeping: self.keeping.clone(),
        }
    }
}

impl<S: std::fmt::Debug, B> std::fmt::Debug for HttpLayer<S, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HttpLayer").field(&self.records).finish()
    }
}

impl<H, S: Clone, B> Layer<H> for HttpLayer<S, B> {
    type Service = HttpIdempotent<H, S, B>;

    fn layer(&self, handler: H) -> Self::Service {
        HttpIdempotent::new(handler, self.clone())
    }
}

/// What is wrong with a request's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// There is none.
    #[error("the request has no Idempotency-Key header: add one that is new for each new request")]
    Missing,
    /// There are several.
    #[error("the request has more than one Idempotency-Key header: send one")]
    Repeated,
    /// It is too long.
    #[error("the Idempotency-Key has more than {KEY_CHARACTERS_MAX} characters")]
    TooLong,
    /// It has characters that a key may not have.
    #[error("the Idempotency-Key has other characters than visible ASCII")]
    NotVisible,
}

/// The key of a request.
///
/// # Errors
///
/// What is wrong with it; answer with 400.
pub fn idempotency_key(headers: &HeaderMap) -> Result<&str, InvalidKey> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let key = match (keys.next(), keys.next()) {
        (None, _) => return Err(InvalidKey::Missing),
        (Some(_), Some(_)) => return Err(InvalidKey::Repeated),
        (Some(key), None) => key.to_str().map_err(|_| InvalidKey::NotVisible)?.trim(),
    };
    if key.is_empty() {
        Err(InvalidKey::Missing)
    } else if key.len() > KEY_CHARACTERS_MAX {
        Err(InvalidKey::TooLong)
    } else if key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(key)
    } else {
        Err(InvalidKey::NotVisible)
    }
}

/// What a request is known by: whose key, and which; and what it asks for.
pub(crate) fn identity<B: AsRef<[u8]>>(request: &Request<B>, scope: &str, key: &str) -> Identity {
    let body = request.body().as_ref();
    // The same JSON in another layout is the same request. What is no JSON, or could be read in
    // two ways, is only the same byte for byte.
    let body = match json::read(body) {
        Ok(read) => json::canonical(&read).into_bytes(),
        Err(_) => body.to_vec(),
    };
    let asked = request.uri().path_and_query().map_or("", |it| it.as_str());
    let payload = [request.method().as_str().as_bytes(), asked.as_bytes(), &body];
    Identity {
        payload_hash: Some(event_envelope::fingerprint(&payload)),
        ..Identity::new(event_envelope::fingerprint(&[scope.as_bytes(), key.as_bytes()]))
    }
}

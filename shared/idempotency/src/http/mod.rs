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
//! | is answered by the handler with 500 or more | that answer; it is not kept, and may be tried again |
//! | cannot be handled now | 503 `try-again` and `Retry-After` |
//! | can never be handled | 500 `not-handled` |
//!
//! After the draft standard <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>.

mod answer;
mod service;

use std::sync::Arc;

use ::http::{HeaderMap, Request};
use tower::Layer;

use crate::{Guard, IdempotencyLayer, Identity};
pub use answer::StoredResponse;
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
    records: IdempotencyLayer<S, StoredResponse>,
    scope: Scope<B>,
}

impl<S: crate::Store, B> HttpLayer<S, B> {
    /// Around handlers whose whole effect is in the store; as
    /// [`IdempotencyLayer::transactional`].
    ///
    /// `scope` says whose key it is, such as the authenticated customer: the same key of two
    /// callers means two things, and one caller must never be told the other's answer.
    pub fn transactional(
        guard: Guard<S>,
        scope: impl Fn(&Request<B>) -> String + Send + Sync + 'static,
    ) -> Self {
        Self { records: IdempotencyLayer::transactional(guard), scope: Arc::new(scope) }
    }

    /// Around handlers with effects elsewhere; as [`IdempotencyLayer::leased`].
    pub fn leased(
        guard: Guard<S>,
        scope: impl Fn(&Request<B>) -> String + Send + Sync + 'static,
    ) -> Self {
        Self { records: IdempotencyLayer::leased(guard), scope: Arc::new(scope) }
    }
}

impl<S: Clone, B> Clone for HttpLayer<S, B> {
    fn clone(&self) -> Self {
        Self { records: self.records.clone(), scope: self.scope.clone() }
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
    // The same JSON in another layout is the same request.
    let body = match serde_json::from_slice(body) {
        Ok(json) => event_envelope::canonical(&json).into_bytes(),
        Err(_) => body.to_vec(),
    };
    let asked = request.uri().path_and_query().map_or("", |it| it.as_str());
    let payload = [request.method().as_str().as_bytes(), asked.as_bytes(), &body];
    Identity {
        payload_hash: Some(event_envelope::fingerprint(&payload)),
        ..Identity::new(event_envelope::fingerprint(&[scope.as_bytes(), key.as_bytes()]))
    }
}

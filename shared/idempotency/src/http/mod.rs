//! The `Idempotency-Key` header of an HTTP API.
//!
//! [`HttpLayer`] goes around a handler of `http::Request`s, such as those of `lambda_http` or
//! axum. It responds to every request itself, problems (RFC 9457) included:
//!
//! | the request | is answered with |
//! |---|---|
//! | has no key, or two | 400 `idempotency-key-missing` |
//! | has a key of more than 255 characters, or with others than visible ASCII | 400 `idempotency-key-invalid` |
//! | is the first with its key | the handler's response |
//! | comes again | the stored response, and `Idempotency-Replayed: true` |
//! | comes while the first is being handled | 409 `idempotency-key-in-use` and `Retry-After` |
//! | has the key of another request | 422 `idempotency-key-reused` |
//! | gets a response of the handler that is not final | that response; it is not stored, and the client may retry |
//! | cannot be handled now | 503 `try-again` and `Retry-After` |
//! | can never be handled | 500 `not-handled` |
//!
//! Which responses are final is decided by [`is_final`], by the handler itself ([`Keep`]), or by
//! the layer ([`HttpLayer::keep_if`]). A response that is not stored leaves nothing: the writes of
//! its unit of work are not written. The first response goes out as the handler returned it; a
//! replayed one has its status, its body, and the headers that [`is_replayed`] allows.
//!
//! Two requests are the same when method, path, query and body are. Bodies of JSON are compared by
//! their values: layout and order of names do not matter, nor how a number is written, but each
//! digit of it does. A body that has a name twice, or is not JSON, is compared byte for byte.
//!
//! After the draft standard
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>.

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

/// The name of the request header with the key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The header that shows that a response is a replayed one.
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
    /// Around handlers whose side effects are all in the store; as
    /// [`IdempotencyLayer::transactional`].
    ///
    /// `scope` returns the owner of a key, such as the authenticated customer: the same key of two
    /// callers names two requests, and no caller may get the response of another.
    pub fn transactional(
        config: IdempotencyConfig<S>,
        scope: impl Fn(&Request<B>) -> String + Send + Sync + 'static,
    ) -> Self {
        Self::of(IdempotencyLayer::transactional(config), scope)
    }

    /// Around handlers with side effects elsewhere; as [`IdempotencyLayer::leased`].
    pub fn leased(
        config: IdempotencyConfig<S>,
        scope: impl Fn(&Request<B>) -> String + Send + Sync + 'static,
    ) -> Self {
        Self::of(IdempotencyLayer::leased(config), scope)
    }

    fn of(
        records: IdempotencyLayer<S, Kept>,
        scope: impl Fn(&Request<B>) -> String + Send + Sync + 'static,
    ) -> Self {
        Self { records, scope: Arc::new(scope), keeping: Keeping::default() }
    }

    /// Stores the responses for which `is_final` is true, in place of [`is_final`]. A handler's
    /// [`Keep`] overrides either.
    #[must_use]
    pub fn keep_if(
        mut self,
        is_final: impl Fn(&Response<String>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.keeping.is_final = Arc::new(is_final);
        self
    }

    /// Replays the headers that `is_replayed` allows, instead of those that [`is_replayed`] does.
    /// What `Connection` names ends with the connection in any case.
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

/// The identity of a request: the scope and the key; and a hash of its content.
pub(crate) fn identity<B: AsRef<[u8]>>(request: &Request<B>, scope: &str, key: &str) -> Identity {
    let body = request.body().as_ref();
    // The same JSON in another layout is the same request. A body that is not JSON, or could be
    // read in two ways, is compared byte for byte.
    let body = match json::read(body) {
        Ok(read) => json::canonical(&read).into_bytes(),
        Err(_) => body.to_vec(),
    };
    let asked = request.uri().path_and_query().map_or("", |target| target.as_str());
    let payload = [request.method().as_str().as_bytes(), asked.as_bytes(), &body];
    Identity {
        payload_hash: Some(event_envelope::fingerprint(&payload)),
        ..Identity::new(event_envelope::fingerprint(&[scope.as_bytes(), key.as_bytes()]))
    }
}

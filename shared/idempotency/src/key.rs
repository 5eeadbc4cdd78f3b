//! The identity of a request: what two deliveries of it have in common.

use event_envelope::{Delivery, fingerprint};
use serde::Serialize;

use crate::{
    IdempotencyError,
    json::{self, Json},
};

/// The identity of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The same for every delivery of the request, at most [`KEY_BYTES_MAX`] long.
    pub key: String,
    /// A hash of the payload; the same key with another hash is refused. None: it is not
    /// compared.
    pub payload_hash: Option<String>,
    /// The name of the replay from an archive, if the request is one.
    pub replay_name: Option<String>,
}

/// The longest key, in bytes. A sort key may have 1,024 bytes; the rest is for the prefix.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>.
pub const KEY_BYTES_MAX: usize = 768;

impl Identity {
    /// A request known by `key`, whose payload is not compared.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), payload_hash: None, replay_name: None }
    }

    /// The same, with `payload` to be compared: a SHA-256 over its canonical JSON, in which equal
    /// numbers are equal however they are written. Take the part of the request that has to be the
    /// same, and nothing that a sender changes from one attempt to the next, such as a timestamp.
    ///
    /// A `serde_json::Value` keeps a whole number beyond 64 bits as a double, which many numbers
    /// have in common: such a payload is refused. A `RawValue` keeps all digits.
    ///
    /// # Errors
    ///
    /// [`IdempotencyError::UnreadableKey`] when `payload` has no JSON, or ambiguous JSON: a name
    /// twice, a number that was rounded.
    pub fn with_payload(mut self, payload: &impl Serialize) -> Result<Self, IdempotencyError> {
        let payload = as_json(payload)?;
        payload.check_not_rounded().map_err(unreadable)?;
        self.payload_hash = Some(fingerprint(&[json::canonical(&payload).as_bytes()]));
        Ok(self)
    }
}

/// A request as JSON, with all digits of its numbers if it has them itself.
pub(crate) fn as_json(request: &impl Serialize) -> Result<Json, IdempotencyError> {
    json::read(&serde_json::to_vec(request).map_err(unreadable)?).map_err(unreadable)
}

pub(crate) fn unreadable(error: impl Into<runtime::BoxError>) -> IdempotencyError {
    IdempotencyError::UnreadableKey(error.into())
}

/// A request that knows its key.
pub trait Keyed {
    /// The same for every delivery.
    fn idempotency_key(&self) -> String;

    /// A hash of the payload; the same key with another hash is refused. None: it is not compared.
    fn payload_hash(&self) -> Option<String>;

    /// The name of the replay from an archive, if the request is one.
    fn replay_name(&self) -> Option<String> {
        None
    }
}

impl<E> Keyed for Delivery<E> {
    fn idempotency_key(&self) -> String {
        self.envelope.event_id.to_string()
    }

    fn payload_hash(&self) -> Option<String> {
        Some(self.envelope.payload_hash())
    }

    fn replay_name(&self) -> Option<String> {
        self.replay.clone()
    }
}

/// Finds the [`Identity`] of a request. Any closure from `&T` does.
pub trait Identify<T>: Clone + Send + Sync + 'static {
    /// The identity of `request`; None when it names no key.
    ///
    /// # Errors
    ///
    /// [`IdempotencyError::UnreadableKey`] when the key cannot be read.
    fn identify(&self, request: &T) -> Result<Option<Identity>, IdempotencyError>;
}

impl<T, F> Identify<T> for F
where
    F: Fn(&T) -> Result<Option<Identity>, IdempotencyError> + Clone + Send + Sync + 'static,
{
    fn identify(&self, request: &T) -> Result<Option<Identity>, IdempotencyError> {
        self(request)
    }
}

/// By the key that the request knows itself: [`Keyed`].
#[derive(Debug, Clone, Copy, Default)]
pub struct ByKey;

impl<T: Keyed> Identify<T> for ByKey {
    fn identify(&self, request: &T) -> Result<Option<Identity>, IdempotencyError> {
        Ok(Some(Identity {
            key: request.idempotency_key(),
            payload_hash: request.payload_hash(),
            replay_name: request.replay_name(),
        }))
    }
}

/// What happens to a request that names no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingKey {
    /// It is refused, with [`IdempotencyError::MissingKey`].
    #[default]
    Refuse,
    /// It is handled, each time it comes, under a key of its own.
    Skip,
}

//! Encodings of results.

use std::future::Future;

use runtime::BoxError;
use serde::{Serialize, de::DeserializeOwned};

/// Writes results of type `R` as text, and reads them again for duplicates.
///
/// The place to encrypt a result, to leave out what must not be kept, to compress it, or to put
/// what is too large elsewhere and keep its address. Both ways may call another service, such as a
/// key management service.
///
/// It may be called more than once for one result; what it stores elsewhere needs a name of its
/// own, and may be left over when the record is not written.
pub trait Codec<R>: Clone + Send + Sync + 'static {
    /// The result as text, for the record.
    ///
    /// # Errors
    ///
    /// Any error is permanent, unless it is a [`runtime::Failure`], which is returned as it is:
    /// [`runtime::Failure::Retry`] is retried. Nothing is written.
    fn encode(&self, result: &R) -> impl Future<Output = Result<String, BoxError>> + Send;

    /// The result of a duplicate.
    ///
    /// # Errors
    ///
    /// As [`Codec::encode`].
    fn decode(&self, stored: String) -> impl Future<Output = Result<R, BoxError>> + Send;
}

/// The result as JSON.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl<R: Serialize + DeserializeOwned + Sync> Codec<R> for Json {
    async fn encode(&self, result: &R) -> Result<String, BoxError> {
        Ok(serde_json::to_string(result)?)
    }

    async fn decode(&self, stored: String) -> Result<R, BoxError> {
        Ok(serde_json::from_str(&stored)?)
    }
}

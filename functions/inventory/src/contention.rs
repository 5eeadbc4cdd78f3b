//! Requests on several items at once, retried on contention.

use std::future::Future;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::CancellationReason,
};
use idempotency::{is_cancelled_by_contention, is_contention};
use runtime::Failure;

/// An operation on several items at once, which other transactions on one of them cancel.
pub(crate) trait Cancelled {
    /// Why it was cancelled, item by item; nothing when it was not.
    fn reasons(&self) -> &[CancellationReason];
}

/// Sends until no other transaction is in the way.
///
/// # Errors
///
/// Retry: contention each time, a condition of its own did not hold, or the table is unavailable.
pub(crate) async fn retry_on_contention<T, E, F>(send: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E>>>,
    E: Cancelled + ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let is_contended = |error: &SdkError<E>| {
        let reasons = error.as_service_error().map_or(&[][..], Cancelled::reasons);
        is_contention(error) || is_cancelled_by_contention(reasons)
    };
    idempotency::retry_on_contention(send, is_contended).await.map_err(Failure::retry)
}

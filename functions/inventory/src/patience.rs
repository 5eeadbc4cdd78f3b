//! Trying again what only met others.

use std::future::Future;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::CancellationReason,
};
use outcome::Failure;

/// An operation on several items at once, which other transactions on one of them cancel.
pub(crate) trait Cancelled {
    /// Why it was cancelled, item by item; nothing when it was not.
    fn reasons(&self) -> &[CancellationReason];
}

/// Sends until no other transaction is in the way.
///
/// # Errors
///
/// Retry: it met others each time, a condition of its own did not hold, or the table is away.
pub(crate) async fn patiently<T, E, F>(send: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E>>>,
    E: Cancelled + ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    idempotency::patiently(send, is_contention).await.map_err(Failure::retry)
}

fn is_contention<E: Cancelled + ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let passes = |code: Option<&str>| {
        matches!(
            code,
            Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
        )
    };
    let reasons = error.as_service_error().map_or(&[][..], Cancelled::reasons);
    reasons.iter().any(|reason| passes(reason.code()))
        || matches!(
            error.code(),
            Some(
                "ThrottlingException"
                    | "ProvisionedThroughputExceededException"
                    | "TransactionInProgressException"
            )
        )
}

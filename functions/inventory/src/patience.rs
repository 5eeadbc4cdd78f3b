//! Trying again what only met others.

use std::{future::Future, time::Duration};

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::CancellationReason,
};
use outcome::Failure;
use tokio::time::sleep;

/// How often something is sent that meets others each time.
const ATTEMPTS_MAX: u32 = 8;
/// The longest first pause; each further one may be twice as long: 1.3 seconds all together.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// What is left of an invocation's time for what it has to do besides.
const RESERVE: Duration = Duration::from_millis(500);

/// An operation on several items at once, which other transactions on one of them cancel.
pub(crate) trait Cancelled {
    /// Why it was cancelled, item by item; nothing when it was not.
    fn reasons(&self) -> &[CancellationReason];
}

/// Sends until no other transaction is in the way. The SDK does not try again after a conflict.
///
/// # Errors
///
/// Retry: it met others each time, a condition of its own did not hold, or the table is away.
pub(crate) async fn patiently<T, E, F>(send: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E>>>,
    E: Cancelled + ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS_MAX {
        let answer = send().await;
        if !answer.as_ref().is_err_and(is_contention) {
            return answer.map_err(Failure::retry);
        }
        if clock::left().is_some_and(|left| left < pause + RESERVE) {
            break;
        }
        sleep(jitter(pause)).await;
        pause *= 2;
    }
    send().await.map_err(Failure::retry)
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

/// A random pause, so that those who met do not meet again.
#[expect(clippy::disallowed_methods, reason = "jitter decides when, never what")]
fn jitter(longest: Duration) -> Duration {
    let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(fastrand::u64(..=nanos))
}

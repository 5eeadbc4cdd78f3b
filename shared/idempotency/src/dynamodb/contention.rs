//! Contention: which errors mean it, and how long such a request is retried.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::CancellationReason,
};
use tokio::time::{Instant, sleep};

/// The longest time for which one write is retried, if the invocation has as much left.
const RETRY_BUDGET: Duration = Duration::from_secs(2);
/// The reserve of an invocation's time for its other work, such as returning a record to its queue.
const RESERVE: Duration = Duration::from_millis(500);
/// The longest first pause between two attempts; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(40);
/// The longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_millis(640);

/// Sends a request to DynamoDB until its result is not an error that `passes`, with random pauses
/// between, for two seconds at most and within the time that the invocation has left
/// ([`runtime::remaining`]). The SDK does not retry after a conflict between transactions.
///
/// Writes of a unit of work are sent in this way already; this is for other requests of a handler,
/// such as a `TransactGetItems`.
///
/// # Errors
///
/// The last answer. If it `passes`, the record should be retried.
pub async fn retry_on_contention<T, E, F>(
    send: impl Fn() -> F,
    passes: impl Fn(&SdkError<E>) -> bool,
) -> Result<T, SdkError<E>>
where
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let budget = runtime::remaining()
        .map_or(RETRY_BUDGET, |left| left.saturating_sub(RESERVE).min(RETRY_BUDGET));
    let begun = Instant::now();
    let mut longest = FIRST_PAUSE;
    loop {
        let answer = send().await;
        if !answer.as_ref().is_err_and(&passes) {
            return answer;
        }
        let pause = jitter(longest);
        if begun.elapsed() + pause >= budget {
            return answer;
        }
        sleep(pause).await;
        longest = (longest * 2).min(PAUSE_MAX);
    }
}

/// Whether a request failed by a conflict or a throttle. The SDK retries throttles as well, but
/// only a fixed number of times, whatever time is left.
pub fn is_contention<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    matches!(
        error.code(),
        Some(
            "TransactionConflictException"
                | "TransactionInProgressException"
                | "ThrottlingException"
                | "ProvisionedThroughputExceededException"
                | "RequestLimitExceeded"
        )
    )
}

/// Whether a transaction was cancelled by a conflict on its items, or a throttle.
pub fn is_cancelled_by_contention(reasons: &[CancellationReason]) -> bool {
    let passes = |reason: &CancellationReason| {
        matches!(
            reason.code(),
            Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
        )
    };
    reasons.iter().any(passes)
}

/// A random pause, so that conflicting requests do not conflict again.
#[expect(clippy::disallowed_methods, reason = "jitter decides when, never what")]
fn jitter(longest: Duration) -> Duration {
    let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(fastrand::u64(..=nanos))
}

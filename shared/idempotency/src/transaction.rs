//! One `TransactWriteItems`, tried again while it only met others.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem},
};
use outcome::Failure;
use tokio::time::sleep;

use crate::Item;

/// The most actions of one transaction.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>.
pub(crate) const ACTIONS_MAX: usize = 100;
/// How often a transaction is sent before it is handed back as *retry*.
const ATTEMPTS_MAX: u32 = 4;
/// The longest first pause between two attempts; each further one may be twice as long.
const PAUSE_MAX: Duration = Duration::from_millis(40);

/// One write of a transaction. Made from the SDK's `Put`, `Update`, `Delete` or `ConditionCheck`;
/// set `return_values_on_condition_check_failure` to learn what stood in the way.
#[derive(Debug, Clone)]
pub struct Write(pub(crate) TransactWriteItem);

/// A write whose condition did not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// Which write, counted as they were added.
    pub write: usize,
    /// The item as it was, if the write asked for it and there was one.
    pub item: Option<Item>,
}

/// How a transaction ended.
#[derive(Debug)]
pub(crate) enum Transacted {
    /// Everything was written.
    Committed,
    /// Nothing was: these conditions did not hold.
    Refused(Vec<Refused>),
}

/// Sends `writes` as one transaction.
///
/// The SDK does not retry a conflict with another transaction; this does.
pub(crate) async fn transact(client: &Client, writes: &[Write]) -> Result<Transacted, Failure> {
    if writes.len() > ACTIONS_MAX {
        let reason =
            format!("{} writes are more than the {ACTIONS_MAX} of a transaction", writes.len());
        return Err(Failure::poison(reason));
    }
    let mut attempt = 1;
    loop {
        let request = client
            .transact_write_items()
            .set_transact_items(Some(writes.iter().map(|write| write.0.clone()).collect()));
        let Err(error) = request.send().await else {
            return Ok(Transacted::Committed);
        };
        let refused = refused(cancellation_reasons(&error));
        if !refused.is_empty() {
            return Ok(Transacted::Refused(refused));
        }
        if let Some(reason) = invalid(cancellation_reasons(&error)) {
            return Err(Failure::poison(reason));
        }
        if attempt == ATTEMPTS_MAX || !is_contention(&error) {
            return Err(failure(error));
        }
        sleep(jitter(attempt)).await;
        attempt += 1;
    }
}

/// Sends a single write, again while it only meets a transaction on its item: the SDK does not.
pub(crate) async fn patiently<T, E, F>(send: impl Fn() -> F) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let mut attempt = 1;
    loop {
        match send().await {
            Err(error)
                if attempt < ATTEMPTS_MAX
                    && error.code() == Some("TransactionConflictException") =>
            {
                sleep(jitter(attempt)).await;
                attempt += 1;
            }
            answer => return answer,
        }
    }
}

fn cancellation_reasons(error: &SdkError<TransactWriteItemsError>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        _ => &[],
    }
}

/// The reasons are in the order of the actions; one that did not fail says "None", as a text.
fn refused(reasons: &[CancellationReason]) -> Vec<Refused> {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    // A conflict beside a failed condition says that the state is moving: try again first.
    let conflict = |reason: &CancellationReason| reason.code() == Some("TransactionConflict");
    if reasons.iter().any(conflict) {
        return Vec::new();
    }
    let refused = reasons.iter().enumerate().filter(|(_, reason)| failed(reason));
    refused.map(|(write, reason)| Refused { write, item: reason.item().cloned() }).collect()
}

/// What makes a transaction one that can never be carried out.
fn invalid(reasons: &[CancellationReason]) -> Option<String> {
    let never = |code| matches!(code, Some("ValidationError" | "ItemCollectionSizeLimitExceeded"));
    let (write, reason) = reasons.iter().enumerate().find(|(_, reason)| never(reason.code()))?;
    Some(format!("write {write} is refused: {}", reason.message().unwrap_or_default()))
}

fn is_contention(error: &SdkError<TransactWriteItemsError>) -> bool {
    let passing = |code: Option<&str>| {
        matches!(
            code,
            Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
        )
    };
    error.code() == Some("TransactionInProgressException")
        || cancellation_reasons(error).iter().any(|reason| passing(reason.code()))
}

/// A request that can never be carried out is poison; everything else may pass.
pub(crate) fn failure<E>(error: SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let invalid = matches!(
        error.code(),
        Some(
            "ValidationException"
                | "SerializationException"
                | "ItemCollectionSizeLimitExceededException"
        )
    );
    if invalid { Failure::poison(error) } else { Failure::retry(error) }
}

/// A random pause, so that those who met do not meet again.
#[expect(clippy::disallowed_methods, reason = "jitter decides when, never what")]
fn jitter(attempt: u32) -> Duration {
    let longest = PAUSE_MAX * 2_u32.saturating_pow(attempt - 1);
    let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(fastrand::u64(..=nanos))
}

//! One `TransactWriteItems`, and the meaning of its cancellation reasons.

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem},
};

use super::{
    ConditionFailed, Write, is_cancelled_by_contention, is_contention, retry_on_contention,
};
use crate::IdempotencyError;

/// How a transaction ended.
#[derive(Debug)]
pub(super) enum Transacted {
    /// Everything was written.
    Committed,
    /// Nothing was written: these conditions failed.
    ConditionFailed(Vec<ConditionFailed>),
}

/// Sends `writes` as one transaction.
pub(super) async fn transact(
    client: &Client,
    writes: &[Write],
) -> Result<Transacted, IdempotencyError> {
    let actions: Vec<TransactWriteItem> = writes.iter().map(|write| write.0.clone()).collect();
    let request = client.transact_write_items().set_transact_items(Some(actions));
    let passes = |error: &SdkError<TransactWriteItemsError>| {
        let reasons = cancellation_reasons(error);
        let has_met_others = is_contention(error) || is_cancelled_by_contention(reasons);
        has_met_others && failed_conditions(reasons).is_empty()
    };
    let Err(error) = retry_on_contention(|| request.clone().send(), passes).await else {
        return Ok(Transacted::Committed);
    };
    let failed = failed_conditions(cancellation_reasons(&error));
    if !failed.is_empty() {
        return Ok(Transacted::ConditionFailed(failed));
    }
    Err(match invalid(cancellation_reasons(&error)) {
        Some(reason) => IdempotencyError::Invalid(reason.into()),
        None => error.into(),
    })
}

fn cancellation_reasons(error: &SdkError<TransactWriteItemsError>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        _ => &[],
    }
}

/// The reasons are in the order of the actions; one that did not fail has the code "None".
fn failed_conditions(reasons: &[CancellationReason]) -> Vec<ConditionFailed> {
    let is_failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    // A conflict beside a failed condition means that the state is changing: retry first.
    let conflict = |reason: &CancellationReason| reason.code() == Some("TransactionConflict");
    if reasons.iter().any(conflict) {
        return Vec::new();
    }
    let failures = reasons.iter().enumerate().filter(|(_, reason)| is_failed(reason));
    failures
        .map(|(write, reason)| ConditionFailed { write, item: reason.item().cloned() })
        .collect()
}

/// The reason for which a transaction can never succeed.
fn invalid(reasons: &[CancellationReason]) -> Option<String> {
    let never = |code| matches!(code, Some("ValidationError" | "ItemCollectionSizeLimitExceeded"));
    let (write, reason) = reasons.iter().enumerate().find(|(_, reason)| never(reason.code()))?;
    Some(format!("write {write}: {}", reason.message().unwrap_or_default()))
}

//! One `TransactWriteItems`, and what its refusals mean.

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem},
};

use super::{Refused, Write, is_cancelled_by_contention, is_contention, retry_on_contention};
use crate::IdempotencyError;

/// How a transaction ended.
#[derive(Debug)]
pub(super) enum Transacted {
    /// Everything was written.
    Committed,
    /// Nothing was: these conditions did not hold.
    Refused(Vec<Refused>),
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
        has_met_others && refused(reasons).is_empty()
    };
    let Err(error) = retry_on_contention(|| request.clone().send(), passes).await else {
        return Ok(Transacted::Committed);
    };
    let refused = refused(cancellation_reasons(&error));
    if !refused.is_empty() {
        return Ok(Transacted::Refused(refused));
    }
    Err(match invalid(cancellation_reasons(&error)) {
        Some(reason) => IdempotencyError::Refused(reason.into()),
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
    Some(format!("write {write}: {}", reason.message().unwrap_or_default()))
}

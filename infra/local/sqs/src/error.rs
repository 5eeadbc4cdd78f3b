//! The errors of SQS, each with the code that AWS gives it.
//!
//! Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html>
//! and the error section of each operation.

use local_core::AwsError;

const NAMESPACE: &str = "com.amazonaws.sqs#";

/// The code that the query protocol, SQS's older one, has for `error`.
///
/// SQS sends it in the header `x-amzn-query-error`, and the SDKs go by it: the SDK for Rust
/// takes a missing queue for one only if the header says `AWS.SimpleQueueService.NonExistentQueue`.
/// Source: <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait>.
pub fn query_code(error: &AwsError) -> &str {
    match error.short_code() {
        "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "BatchRequestTooLong" => "AWS.SimpleQueueService.BatchRequestTooLong",
        "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest",
        "InvalidBatchEntryId" => "AWS.SimpleQueueService.InvalidBatchEntryId",
        "InvalidParameterValueException" => "InvalidParameterValue",
        "MissingRequiredParameterException" => "MissingParameter",
        "MessageNotInflight" => "AWS.SimpleQueueService.MessageNotInflight",
        "PurgeQueueInProgress" => "AWS.SimpleQueueService.PurgeQueueInProgress",
        "QueueDeletedRecently" => "AWS.SimpleQueueService.QueueDeletedRecently",
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        "QueueNameExists" => "QueueAlreadyExists",
        "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "UnsupportedOperation" => "AWS.SimpleQueueService.UnsupportedOperation",
        same => same,
    }
}

/// An error of SQS's own, by its short code.
pub(crate) fn sqs(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::client(format!("{NAMESPACE}{code}"), message)
}

pub(crate) fn queue_does_not_exist(name: &str) -> AwsError {
    sqs("QueueDoesNotExist", format!("The specified queue does not exist: {name}."))
}

pub(crate) fn invalid_handle(handle: &str) -> AwsError {
    sqs("ReceiptHandleIsInvalid", format!("The input receipt handle \"{handle}\" is not valid."))
}

/// The one error of SQS with the status 403.
pub(crate) fn purge_in_progress(message: String) -> AwsError {
    AwsError { status: 403, ..sqs("PurgeQueueInProgress", message) }
}

/// `error` as the JSON protocol names its type: two shapes are not called by their codes.
pub(crate) fn on_the_wire(error: AwsError) -> AwsError {
    let shape = match error.short_code() {
        "InvalidParameterValue" => "InvalidParameterValueException",
        "MissingParameter" => "MissingRequiredParameterException",
        _ => return error,
    };
    AwsError { code: format!("{NAMESPACE}{shape}"), ..error }
}

pub(crate) fn missing(parameter: &str) -> AwsError {
    sqs("MissingParameter", format!("The request must contain the parameter {parameter}."))
}

pub(crate) fn invalid(parameter: &str, value: impl std::fmt::Display, reason: &str) -> AwsError {
    let message = format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}");
    sqs("InvalidParameterValue", message)
}

/// The answer to a parameter that only the other kind of queue takes.
pub(crate) fn wrong_queue_type(parameter: &str, value: impl std::fmt::Display) -> AwsError {
    let reason = "The request include parameter that is not valid for this queue type.";
    invalid(parameter, value, reason)
}

#[cfg(test)]
mod tests {
    use super::{missing, on_the_wire, query_code, queue_does_not_exist, sqs};

    #[test]
    fn a_type_on_the_wire_keeps_its_code_in_the_query_protocol() {
        let error = on_the_wire(missing("QueueUrl"));
        assert_eq!(error.code, "com.amazonaws.sqs#MissingRequiredParameterException");
        assert_eq!(query_code(&error), "MissingParameter");
        assert_eq!(on_the_wire(sqs("OverLimit", "")), sqs("OverLimit", ""));
    }

    #[test]
    fn the_query_protocol_has_names_of_its_own() {
        let error = queue_does_not_exist("orders");
        assert_eq!(error.code, "com.amazonaws.sqs#QueueDoesNotExist");
        assert_eq!(error.status, 400);
        assert_eq!(query_code(&error), "AWS.SimpleQueueService.NonExistentQueue");
        assert_eq!(query_code(&sqs("OverLimit", "")), "OverLimit");
    }
}

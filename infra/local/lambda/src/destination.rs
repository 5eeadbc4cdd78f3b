//! On-failure destinations: the record of what a function failed at for good.
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>.

use local_core::{AwsError, Clock, moment};
use local_sqs::{OutgoingMessage, Sqs, queue_name_of_arn};
use serde_json::{Value, json};

use crate::VERSION;

/// Why Lambda gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// An asynchronous event failed too often.
    RetriesExhausted,
    /// An asynchronous event would have been too old at its next attempt.
    EventAgeExceeded,
    /// A batch of a stream failed too often.
    RetryAttemptsExhausted,
    /// A batch of a stream became too old.
    RecordAgeExceeded,
}

impl Condition {
    fn name(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
            Self::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            Self::RecordAgeExceeded => "RecordAgeExceeded",
        }
    }
}

/// What every record of a failure has.
#[derive(Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) request_id: &'a str,
    /// With its version for an asynchronous event, without for a batch of a stream.
    pub(crate) function_arn: &'a str,
    pub(crate) condition: Condition,
    pub(crate) attempts: u32,
    pub(crate) function_error: Option<&'a str>,
}

/// Sends the record of `failure`, with what `members` has besides, to the queue `queue_arn`.
pub(crate) fn send(queues: Option<&Sqs>, queue_arn: &str, failure: &Failure<'_>, members: Value) {
    let body = record(failure, members, &moment::to_millisecond(Clock::system().now())).to_string();
    let Some(queues) = queues else {
        tracing::error!(
            request_id = failure.request_id,
            queue_arn,
            "the host has no queues: record lost"
        );
        return;
    };
    if let Err(error) = try_send(queues, queue_arn, body) {
        tracing::error!(request_id = failure.request_id, queue_arn, %error, "record lost");
    }
}

fn try_send(queues: &Sqs, queue_arn: &str, body: String) -> Result<(), AwsError> {
    queues.send(queue_name_of_arn(queue_arn)?, OutgoingMessage::new(body)).map(drop)
}

/// A payload as it goes into a record.
pub(crate) fn json_or_text(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).unwrap_or_else(|_| String::from_utf8_lossy(payload).into())
}

fn record(failure: &Failure<'_>, members: Value, timestamp: &str) -> Value {
    let mut record = json!({
        "version": "1.0",
        "timestamp": timestamp,
        "requestContext": {
            "requestId": failure.request_id,
            "functionArn": failure.function_arn,
            "condition": failure.condition.name(),
            "approximateInvokeCount": failure.attempts,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": VERSION,
            // There in any case: null for a function that answered which records failed.
            "functionError": failure.function_error,
        },
    });
    if let (Value::Object(record), Value::Object(members)) = (&mut record, members) {
        record.extend(members);
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_condition_and_attempts() {
        let failure = Failure {
            request_id: "r-1",
            function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f",
            condition: Condition::RetriesExhausted,
            attempts: 3,
            function_error: Some("Unhandled"),
        };
        let record = record(&failure, json!({ "requestPayload": {} }), "now");
        assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
        assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
        assert_eq!(record["responseContext"]["functionError"], "Unhandled");
        assert_eq!(record["requestPayload"], json!({}));
    }
}

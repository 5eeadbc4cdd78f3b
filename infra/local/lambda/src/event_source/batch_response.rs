//! What a function answers for a batch: `batchItemFailures`.
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>.

use std::collections::BTreeSet;

use serde_json::Value;

/// How a batch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every record is done.
    Done,
    /// The records with these identifiers failed, the others are done.
    Partial(BTreeSet<String>),
    /// No record is done.
    Failed,
}

/// Reads the answer `payload` to a batch of the records `identifiers`.
///
/// An answer that is not understood fails the batch: better twice than never.
pub fn verdict(payload: &[u8], identifiers: &BTreeSet<String>) -> Verdict {
    let Ok(answer) = serde_json::from_slice::<Value>(payload) else { return Verdict::Failed };
    let failures = match &answer {
        Value::Null => return Verdict::Done,
        Value::Object(answer) => match answer.get("batchItemFailures") {
            None | Some(Value::Null) => return Verdict::Done,
            Some(Value::Array(failures)) => failures,
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                return Verdict::Failed;
            }
        },
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Verdict::Failed;
        }
    };
    let failed: Option<BTreeSet<String>> = failures
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().map(str::to_owned))
        .collect();
    match failed {
        Some(failed) if failed.is_empty() => Verdict::Done,
        Some(failed) if failed.is_subset(identifiers) => Verdict::Partial(failed),
        Some(_) | None => Verdict::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str) -> Verdict {
        let identifiers = ["m-1", "m-2"].map(str::to_owned).into();
        verdict(answer.as_bytes(), &identifiers)
    }

    #[test]
    fn nothing_reported_is_success() {
        for answer in ["null", "{}", r#"{"batchItemFailures":null}"#, r#"{"batchItemFailures":[]}"#]
        {
            assert_eq!(read(answer), Verdict::Done, "{answer}");
        }
    }

    #[test]
    fn known_records_fail_alone() {
        let answer = r#"{"batchItemFailures":[{"itemIdentifier":"m-2"},{"itemIdentifier":"m-2"}]}"#;
        assert_eq!(read(answer), Verdict::Partial(["m-2".to_owned()].into()));
    }

    #[test]
    fn what_is_not_understood_fails_the_batch() {
        for answer in [
            "",
            "not json",
            "\"done\"",
            "[]",
            r#"{"batchItemFailures":{}}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"messageId":"m-1"}]}"#,
            r#"{"batchItemFailures":["m-1"]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"m-1"},{"itemIdentifier":"m-9"}]}"#,
        ] {
            assert_eq!(read(answer), Verdict::Failed, "{answer}");
        }
    }
}

//! The errors that Lambda itself reports in a function's place.

use std::{process::ExitStatus, time::Duration};

use bytes::Bytes;
use serde_json::json;

/// The error of an invocation whose function could not report one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    error_type: &'static str,
    message: String,
}

/// What Lambda calls an answer over its limit.
const TOO_LARGE: &str = "Function.ResponseSizeTooLarge";

impl Fault {
    /// The process ended on its own, or was killed by someone else.
    pub(crate) fn exited(status: Option<ExitStatus>) -> Self {
        let message = match status {
            Some(status) if status.success() => {
                "Runtime exited without providing a reason".to_owned()
            }
            Some(status) => format!("Runtime exited with error: {}", describe(status)),
            None => "Runtime exited with error: unknown".to_owned(),
        };
        Self { error_type: "Runtime.ExitError", message }
    }

    /// The function took longer than it may.
    pub(crate) fn timed_out(after: Duration) -> Self {
        let message = format!("Task timed out after {:.2} seconds", after.as_secs_f64());
        Self { error_type: "Sandbox.Timedout", message }
    }

    /// The binary cannot be started.
    pub(crate) fn not_started(reason: &str) -> Self {
        Self { error_type: "Runtime.InvalidEntrypoint", message: reason.to_owned() }
    }

    /// The function answered more than Lambda passes on.
    pub(crate) fn response_too_large(bytes_max: usize) -> Self {
        let message = format!(
            "Response payload size exceeded maximum allowed payload size ({bytes_max} bytes)."
        );
        Self { error_type: TOO_LARGE, message }
    }

    /// The payload that the caller of `request_id` receives.
    pub(crate) fn payload(&self, request_id: &str) -> Bytes {
        // What Lambda itself reports of an answer has no id before it.
        let message = match self.error_type {
            TOO_LARGE => self.message.clone(),
            _ => format!("RequestId: {request_id} Error: {}", self.message),
        };
        json!({ "errorType": self.error_type, "errorMessage": message }).to_string().into()
    }
}

fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal: {}", signal_name(signal));
    }
    status.code().map_or_else(|| "unknown".to_owned(), |code| format!("exit status {code}"))
}

/// The words that Go, in which Lambda's supervisor is written, has for a signal.
fn signal_name(signal: i32) -> String {
    match signal {
        4 => "illegal instruction".to_owned(),
        6 => "aborted".to_owned(),
        7 => "bus error".to_owned(),
        9 => "killed".to_owned(),
        11 => "segmentation fault".to_owned(),
        15 => "terminated".to_owned(),
        other => format!("signal {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn an_exit_is_described_as_lambda_does() {
        let message = |raw| Fault::exited(Some(ExitStatus::from_raw(raw))).message;
        assert_eq!(message(9), "Runtime exited with error: signal: killed");
        assert_eq!(message(101 << 8), "Runtime exited with error: exit status 101");
        assert_eq!(message(0), "Runtime exited without providing a reason");
    }

    #[test]
    fn an_answer_that_is_too_large_is_no_error_of_the_request() {
        let payload = Fault::response_too_large(6_291_556).payload("r-1");
        let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        let message =
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).";
        assert_eq!(payload, json!({ "errorType": TOO_LARGE, "errorMessage": message }));
    }

    #[test]
    fn a_timeout_states_its_seconds() {
        let payload = Fault::timed_out(Duration::from_millis(1_500)).payload("r-1");
        let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        let message = "RequestId: r-1 Error: Task timed out after 1.50 seconds";
        assert_eq!(payload, json!({ "errorType": "Sandbox.Timedout", "errorMessage": message }));
    }
}

//! What an invocation asks for and how it ends.

use std::time::Duration;

use bytes::Bytes;
use serde::de::IgnoredAny;
use tokio::sync::oneshot;

use crate::identity;

/// How an invocation ended, whether well or in a function error.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The invocation's id, as the function saw it.
    pub request_id: String,
    /// What the function answered, or the description of its error.
    pub payload: Bytes,
    /// `Unhandled` where the function failed, crashed or ran out of time.
    pub function_error: Option<String>,
    /// The last 4 KB of what the function wrote to its log.
    pub log_tail: String,
    /// How long the function had the event.
    pub duration: Duration,
}

impl Invocation {
    /// Whether the function answered rather than failed.
    pub fn is_ok(&self) -> bool {
        self.function_error.is_none()
    }
}

/// Why an event did not reach a function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// There is no such function, or no such version of it. Not worth a retry.
    #[error("function not found: {name}")]
    UnknownFunction {
        /// What the caller named.
        name: String,
    },
    /// The payload is over the limit. Not worth a retry.
    #[error("the payload of {bytes} bytes is larger than {bytes_max} bytes")]
    PayloadTooLarge {
        /// The payload's size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The payload is not JSON. Not worth a retry.
    #[error("the payload is not json: {reason}")]
    InvalidPayload {
        /// What the parser says.
        reason: String,
    },
    /// Too many invocations of the function are waiting. Try again later.
    #[error("function {function}: {waiting_max} invocations are waiting; try again later")]
    TooManyRequests {
        /// The function's name.
        function: String,
        /// How many may wait.
        waiting_max: usize,
    },
    /// The host is shutting down. The event may or may not have been handled.
    #[error("the lambda host is shutting down")]
    ShuttingDown,
}

/// An event on its way to a function.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The same over all attempts of an asynchronous invocation.
    pub(crate) id: String,
    pub(crate) payload: Bytes,
    pub(crate) trace_id: String,
}

impl Request {
    /// A request with ids of its own.
    ///
    /// # Errors
    ///
    /// When `payload` is over `bytes_max` or is not JSON.
    pub(crate) fn new(payload: Bytes, bytes_max: usize) -> Result<Self, InvokeError> {
        if payload.len() > bytes_max {
            return Err(InvokeError::PayloadTooLarge { bytes: payload.len(), bytes_max });
        }
        // An invocation without a payload reaches a function as an empty object.
        let payload = if payload.is_empty() { Bytes::from_static(b"{}") } else { payload };
        serde_json::from_slice::<IgnoredAny>(&payload)
            .map_err(|error| InvokeError::InvalidPayload { reason: error.to_string() })?;
        Ok(Self { id: local_core::request_id(), payload, trace_id: identity::trace_id() })
    }
}

/// A request that waits for an environment.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) request: Request,
    /// Dropped unanswered only when the host shuts down.
    pub(crate) reply: oneshot::Sender<Invocation>,
    /// How many environments died in their init while this was the next in line.
    pub(crate) inits_failed: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_json_within_its_limit() {
        let request = |payload: &'static str| Request::new(payload.into(), 8);
        assert_eq!(request("[1, 2]").unwrap().payload, "[1, 2]");
        assert_eq!(request("").unwrap().payload, "{}");
        assert!(matches!(request("{"), Err(InvokeError::InvalidPayload { .. })));
        assert_eq!(
            request("[1, 2, 3]").unwrap_err(),
            InvokeError::PayloadTooLarge { bytes: 9, bytes_max: 8 }
        );
    }
}

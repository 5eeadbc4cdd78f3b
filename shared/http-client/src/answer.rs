use std::{fmt, time::Duration};

use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use runtime::{BoxError, Failure};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tracing::{Level, event};

/// An answer of a provider has some kilobytes. A larger one is not the provider's, or is an attack
/// on the memory.
pub(crate) const ANSWER_BYTES_MAX: usize = 1024 * 1024;
const REPLAYED: &str = "idempotent-replayed";
const CODE_LENGTH_MAX: usize = 64;

/// What a provider answered. Its body is for programs: nothing here copies a word of it into a
/// failure, since providers put names, addresses and card numbers into their texts.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// Whether the provider executed nothing, and repeated its answer to an earlier request with
    /// the same `Idempotency-Key`: `Idempotent-Replayed: true`.
    pub is_replayed: bool,
    body: Vec<u8>,
    after: Option<Duration>,
}

/// The body is longer than any answer of a provider: what it did is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the provider answers {status} with more than {ANSWER_BYTES_MAX} bytes")]
pub struct AnswerTooLong {
    /// The HTTP status.
    pub status: StatusCode,
}

/// The body has another form. The error has the position, and nothing of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("answer {status} cannot be read: {problem} at line {line} column {column}")]
pub struct UnreadableAnswer {
    /// The HTTP status.
    pub status: StatusCode,
    problem: &'static str,
    line: usize,
    column: usize,
}

impl UnreadableAnswer {
    /// Takes the place from serde's error, and not its text: that quotes the value.
    fn new(status: StatusCode, error: &serde_json::Error) -> Self {
        let problem = match error.classify() {
            Category::Io => "unreadable bytes",
            Category::Syntax => "no JSON",
            Category::Data => "another shape",
            Category::Eof => "an early end",
        };
        Self { status, problem, line: error.line(), column: error.column() }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Self {
        let is_replayed = headers.get(REPLAYED).is_some_and(|value| value == "true");
        Self { status, is_replayed, body, after: retry_after(headers) }
    }

    /// The body as a `T`.
    ///
    /// # Errors
    ///
    /// Retry, when it is not one: a gateway in between may have answered, and what the
    /// provider did is then unknown.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::retry(UnreadableAnswer::new(self.status, &error)))
    }

    /// This answer, if it is about the request itself.
    ///
    /// # Errors
    ///
    /// As [`HttpClient::send`](crate::HttpClient::send), for an answer that is not.
    pub fn settled(self) -> Result<Self, Failure> {
        let reason = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(misconfigured(format!(
                    "the provider refuses the API key: {}",
                    self.status
                )));
            }
            StatusCode::REQUEST_TIMEOUT => "the provider timed out waiting for the request",
            StatusCode::CONFLICT => "the provider is at work on the same request",
            StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => "the provider is throttling",
            status if status.is_server_error() => "the provider is down",
            status if status.is_redirection() || status.is_informational() => {
                "something else answers at the provider's URL"
            }
            _ => return Ok(self),
        };
        let reason = format!("{reason}: {}", self.status);
        Err(match self.after {
            Some(after) => Failure::retry_after(reason, after),
            None => Failure::retry(reason),
        })
    }
}

/// A failure that needs an operator: a wrong key, a missing permission, an account that is not set
/// up for the request. It is to be retried until then, and is counted as
/// `ProviderMisconfigured`, for an alarm. `reason` must hold nothing that a provider wrote, but for
/// its [`code`].
pub fn misconfigured(reason: impl Into<BoxError>) -> Failure {
    event!(target: "metrics", Level::TRACE, monotonic_counter.ProviderMisconfigured = 1_u64);
    Failure::retry(reason)
}

/// The error code `text` of a provider, if it is one: at most 64 lower-case letters and
/// underscores. Anything else may be a person's name or number, and belongs into no log.
pub fn code(text: &str) -> Option<&str> {
    let is_code = (1..=CODE_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase());
    is_code.then_some(text)
}

/// When to retry, if the provider answers with a number of seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer::new(status, &HeaderMap::new(), body.as_bytes().to_vec())
    }

    #[test]
    fn what_may_pass_is_tried_again_and_all_else_is_an_answer() {
        for status in [301, 307, 401, 403, 408, 409, 425, 429, 500, 502, 503, 504, 529] {
            assert!(answer(status, "body").settled().unwrap_err().is_retry(), "{status}");
        }
        for status in [200, 201, 204, 400, 402, 404, 405, 410, 422] {
            answer(status, "body").settled().unwrap();
        }
    }

    #[test]
    fn the_provider_may_set_the_wait() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        headers.insert(RETRY_AFTER, "Fri, 01 Jan 2027 00:00:00 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers), None);
    }

    #[test]
    fn a_page_instead_of_json_is_not_the_providers_answer() {
        assert!(answer(200, "<html>").json::<Vec<u8>>().unwrap_err().is_retry());
    }

    #[test]
    fn nothing_of_a_body_is_in_a_failure() {
        let body = r#"{"status":"4000 0000 0000 0002 of Ada Example"}"#;
        let unread = answer(200, body).json::<std::collections::BTreeMap<String, u8>>();
        let texts = [
            format!("{0} {0:?}", unread.unwrap_err()),
            format!("{0} {0:?}", answer(503, body).settled().unwrap_err()),
            format!("{0} {0:?}", answer(403, body).settled().unwrap_err()),
            format!("{:?}", answer(402, body)),
        ];
        for text in texts {
            assert!(!text.contains("Ada") && !text.contains("4000"), "{text}");
        }
    }

    #[test]
    fn a_code_is_no_sentence() {
        for text in ["card_declined", "a", &"x".repeat(64)] {
            assert_eq!(code(text), Some(text));
        }
        for text in ["", "Ada", "ada example", "4000", "a-b", "é", &"x".repeat(65)] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn a_provider_may_flag_a_repeated_answer() {
        let mut headers = HeaderMap::new();
        headers.insert(REPLAYED, "true".parse().unwrap());
        assert!(Answer::new(StatusCode::OK, &headers, Vec::new()).is_replayed);
        assert!(!answer(500, "").is_replayed);
    }
}

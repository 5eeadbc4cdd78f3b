use std::time::Duration;

use outcome::Failure;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::de::DeserializeOwned;

/// How much of a body that cannot be read is quoted, in characters.
const QUOTE_LENGTH_MAX: usize = 200;

/// What a provider answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, body }
    }

    /// The body as what it should be.
    ///
    /// # Errors
    ///
    /// Retry, when it is something else: a gateway in between may have answered, and what the
    /// provider did is then unknown.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::retry(format!("answer {} cannot be read: {error}", self.status))
        })
    }

    /// This answer in words, for a reason: its status, and the first 200 characters of its body with
    /// line breaks escaped.
    pub fn quote(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let body: String = body.chars().take(QUOTE_LENGTH_MAX).collect();
        format!("{}: {}", self.status, body.escape_debug())
    }

    /// This answer, if it says anything about the request itself.
    pub(crate) fn settled(self, after: Option<Duration>) -> Result<Self, Failure> {
        let reason = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "the provider refuses the API key",
            StatusCode::REQUEST_TIMEOUT => "the provider heard too little of the request",
            StatusCode::CONFLICT => "the provider is at work on the same request",
            StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => "the provider is throttling",
            status if status.is_server_error() => "the provider is down",
            status if status.is_redirection() || status.is_informational() => {
                "something else answers at the provider's URL"
            }
            _ => return Ok(self),
        };
        let reason = format!("{reason}: {}", self.quote());
        Err(match after {
            Some(after) => Failure::retry_after(reason, after),
            None => Failure::retry(reason),
        })
    }
}

/// When to come again, if the provider says so in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_and_all_else_is_an_answer() {
        let settled = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            Answer::new(status, b"body".to_vec()).settled(None)
        };
        for status in [301, 307, 401, 403, 408, 409, 425, 429, 500, 502, 503, 504, 529] {
            assert!(settled(status).unwrap_err().is_retry(), "{status}");
        }
        for status in [200, 201, 204, 400, 402, 404, 405, 410, 422] {
            settled(status).unwrap();
        }
    }

    #[test]
    fn the_provider_may_say_when() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        headers.insert(RETRY_AFTER, "Fri, 01 Jan 2027 00:00:00 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers), None);
    }

    #[test]
    fn a_quote_is_short_and_on_one_line() {
        let body = format!("a\n{}", "x".repeat(1000));
        let quote = Answer::new(StatusCode::BAD_REQUEST, body.into_bytes()).quote();
        assert!(quote.starts_with("400 Bad Request: a\\nxxx"), "{quote}");
        assert!(quote.chars().count() < 250);
    }

    #[test]
    fn a_page_instead_of_json_is_nobodys_answer() {
        let answer = Answer::new(StatusCode::OK, b"<html>".to_vec());
        assert!(answer.json::<Vec<u8>>().unwrap_err().is_retry());
    }
}

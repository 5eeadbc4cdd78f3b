//! Responses to requests that are not passed to the handler.

use std::time::Duration;

use ::http::{HeaderValue, Response, StatusCode, header};
use runtime::{Failure, Wait};
use serde_json::json;

use super::InvalidKey;
use crate::IdempotencyError;

/// How long the client should wait when the failure has no time of its own.
const RETRY_AFTER: Duration = Duration::from_secs(1);

pub(super) fn to_invalid_key(error: InvalidKey) -> Response<String> {
    let kind = match error {
        InvalidKey::Missing | InvalidKey::Repeated => "idempotency-key-missing",
        InvalidKey::TooLong | InvalidKey::NotVisible => "idempotency-key-invalid",
    };
    problem(StatusCode::BAD_REQUEST, kind, &error.to_string())
}

pub(super) fn to_failure(failure: &Failure) -> Response<String> {
    match (IdempotencyError::of(failure), failure) {
        (Some(IdempotencyError::InProgress { left, .. }), _) => {
            let detail = "A request with this Idempotency-Key is being handled: try again later";
            let answer = problem(StatusCode::CONFLICT, "idempotency-key-in-use", detail);
            // The lease is the worst case; most attempts end before.
            later(answer, left.map_or(RETRY_AFTER, |left| left.min(RETRY_AFTER)))
        }
        (Some(IdempotencyError::PayloadMismatch { .. }), _) => {
            let detail = "The Idempotency-Key was used for another request: take a new one";
            problem(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", detail)
        }
        (_, Failure::Retry { wait, .. }) => {
            let detail = "The request cannot be handled now: send it again with the same key";
            let wait = match wait {
                Wait::AtLeast(wait) => *wait,
                Wait::Unknown | Wait::AtMost(_) => RETRY_AFTER,
            };
            later(problem(StatusCode::SERVICE_UNAVAILABLE, "try-again", detail), wait)
        }
        (_, Failure::Permanent { .. }) => {
            let detail = "The request cannot be handled: a retry does not help";
            problem(StatusCode::INTERNAL_SERVER_ERROR, "not-handled", detail)
        }
    }
}

/// Whole seconds, at least one: a client that retries at once finds the same state.
fn later(mut response: Response<String>, wait: Duration) -> Response<String> {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    if let Ok(seconds) = HeaderValue::try_from(seconds.to_string()) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// A problem document of RFC 9457.
fn problem(status: StatusCode, kind: &str, detail: &str) -> Response<String> {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({ "type": kind, "title": title, "status": status.as_u16(), "detail": detail });
    let mut response = Response::new(body.to_string());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

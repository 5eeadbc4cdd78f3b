//! One call from its claim to its answer, with whatever the script has in store for it.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use local_core::script::Outcome;
use serde_json::Value;
use time::OffsetDateTime;

use crate::idempotency::{Claim, Keys};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What a rude provider puts into its texts.
pub(crate) const RUDE: &str = "Jane Doe <jane.doe@example.com>, 12 Rosewood Avenue, +1 555 0100, \
                               with the card 4242 4242 4242 4242";

/// An answer as it is kept for its idempotency key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(StatusCode::OK, body)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// How a service words what it refuses on its own behalf.
pub(crate) struct Refusals {
    pub(crate) down: fn() -> Answer,
    pub(crate) throttled: fn() -> Answer,
    pub(crate) other_request: fn() -> Answer,
    pub(crate) in_flight: fn() -> Answer,
    /// A server error after which the client cannot know what was done.
    pub(crate) broken: fn() -> Answer,
    pub(crate) rude: fn(StatusCode) -> Answer,
}

/// A call that is authorized and valid.
pub(crate) struct Call<'a> {
    pub(crate) key: Option<&'a str>,
    /// What makes the request this one: its path and parameters.
    pub(crate) fingerprint: &'a str,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) at: OffsetDateTime,
}

/// Carries out `work` at most once per key.
///
/// The work goes on when the client hangs up, as it would at a real provider: that is how a
/// charge happens whose client never got an answer.
pub(crate) async fn handle_once(
    keys: &Arc<Keys<Answer>>,
    refusals: &Refusals,
    call: Call<'_>,
    work: impl FnOnce() -> Answer + Send + 'static,
) -> Response {
    match call.outcome {
        Some(Outcome::Down(_)) => return (refusals.down)().into_response(),
        Some(Outcome::Throttle(_)) => return (refusals.throttled)().into_response(),
        Some(Outcome::Rude(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            return (refusals.rude)(status).into_response();
        }
        Some(
            Outcome::Decline
            | Outcome::Timeout(_)
            | Outcome::Slow(_)
            | Outcome::Action
            | Outcome::Pending(_)
            | Outcome::Failing(_)
            | Outcome::Broken
            | Outcome::Halfdone,
        )
        | None => {}
    }
    let claim = call.key.map(|key| keys.claim(key, call.fingerprint, call.at));
    let response = match claim {
        Some(Claim::OtherRequest) => return (refusals.other_request)().into_response(),
        Some(Claim::InFlight) => return (refusals.in_flight)().into_response(),
        Some(Claim::Settled(answer)) => replayed(answer),
        Some(Claim::Fresh) | None => {
            let (keys, key) = (keys.clone(), call.key.map(str::to_owned));
            let (outcome, delay) = (call.outcome, slowness(call.outcome));
            let broken = refusals.broken;
            let done = tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                let done = (outcome != Some(Outcome::Broken)).then(work);
                let given = done.filter(|_| outcome != Some(Outcome::Halfdone));
                let answer = given.unwrap_or_else(broken);
                if let Some(key) = key {
                    keys.complete(&key, answer.clone());
                }
                answer
            });
            match done.await {
                Ok(answer) => answer.into_response(),
                Err(_) => (refusals.down)().into_response(),
            }
        }
    };
    if let Some(Outcome::Timeout(after)) = call.outcome {
        tokio::time::sleep(after).await;
    }
    response
}

fn slowness(outcome: Option<Outcome>) -> Duration {
    if let Some(Outcome::Slow(after)) = outcome { after } else { Duration::ZERO }
}

fn replayed(answer: Answer) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// The idempotency key of a request, if it has one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Option<&str> {
    headers.get(IDEMPOTENCY_KEY)?.to_str().ok().filter(|key| !key.is_empty())
}

/// The bearer token of a request; not to be logged.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

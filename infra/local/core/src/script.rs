//! What shall go wrong, and for whom.
//!
//! A script maps a subject (an order id, a payment method, an address, a recipient, or `*` for
//! every call) to an [`Outcome`]. It is set in process, or over HTTP:
//!
//! ```text
//! PUT /_sandbox/script    {"order-1": "timeout_2000", "*": "down_3", "order-2": null}
//! DELETE /_sandbox/script
//! ```
//!
//! (The body is sent as `Content-Type: application/json`; `null` takes an outcome away.)
//! An outcome may also end a token, as in `pm_card_visa_slow_500`, which needs no set-up.

use std::{collections::HashMap, fmt, str::FromStr, time::Duration};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::put};
use parking_lot::Mutex;
use serde_json::json;

/// How long a `timeout` without a number holds the answer back: longer than any client waits.
const TIMEOUT_MS: u64 = 120_000;
/// The subject that stands for every call.
const ANYONE: &str = "*";

/// How a call ends, if not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// `decline`: refused every time, for good.
    Decline,
    /// `timeout` or `timeout_<ms>`: carried out, but the answer comes too late; once.
    Timeout(Duration),
    /// `slow_<ms>`: carried out and answered after that time, every time.
    Slow(Duration),
    /// `down_<n>`: the next `n` calls are a server error and change nothing.
    Down(u32),
    /// `throttle_<n>`: the next `n` calls are refused as too many and change nothing.
    Throttle(u32),
    /// `rude_<status>`: refused with that status every time, in words that name people and cards.
    Rude(u16),
    /// `action`: a charge waits for the customer, every time.
    Action,
    /// `pending_<n>`: a refund is on its way when it is made and the next `n` times it is read,
    /// and then there; every time.
    Pending(u32),
    /// `failing_<n>`: as `pending_<n>`, but the bank returns it then.
    Failing(u32),
    /// `broken`: a server error that is kept for the idempotency key, with nothing done; once.
    Broken,
    /// `halfdone`: as `broken`, but what was asked for is done.
    Halfdone,
}

/// A text that names no outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "outcome {0:?}: use decline, timeout, timeout_<ms>, slow_<ms>, down_<calls>, throttle_<calls>, \
     rude_<status>, action, pending_<looks>, failing_<looks>, broken or halfdone"
)]
pub struct OutcomeError(String);

impl FromStr for Outcome {
    type Err = OutcomeError;

    fn from_str(text: &str) -> Result<Self, OutcomeError> {
        let unknown = || OutcomeError(text.to_owned());
        let (word, number) = match text.split_once('_') {
            Some((word, digits)) => (word, Some(digits.parse::<u32>().map_err(|_| unknown())?)),
            None => (text, None),
        };
        match (word, number) {
            ("decline", None) => Ok(Self::Decline),
            ("timeout", None) => Ok(Self::Timeout(Duration::from_millis(TIMEOUT_MS))),
            ("timeout", Some(ms)) => Ok(Self::Timeout(Duration::from_millis(ms.into()))),
            ("slow", Some(ms)) => Ok(Self::Slow(Duration::from_millis(ms.into()))),
            ("down", Some(calls @ 1..)) => Ok(Self::Down(calls)),
            ("throttle", Some(calls @ 1..)) => Ok(Self::Throttle(calls)),
            ("rude", Some(status @ 400..=599)) => {
                u16::try_from(status).map(Self::Rude).map_err(|_| unknown())
            }
            ("action", None) => Ok(Self::Action),
            ("pending", Some(looks)) => Ok(Self::Pending(looks)),
            ("failing", Some(looks)) => Ok(Self::Failing(looks)),
            ("broken", None) => Ok(Self::Broken),
            ("halfdone", None) => Ok(Self::Halfdone),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decline => f.write_str("decline"),
            Self::Timeout(after) => write!(f, "timeout_{}", after.as_millis()),
            Self::Slow(after) => write!(f, "slow_{}", after.as_millis()),
            Self::Down(calls) => write!(f, "down_{calls}"),
            Self::Throttle(calls) => write!(f, "throttle_{calls}"),
            Self::Rude(status) => write!(f, "rude_{status}"),
            Self::Action => f.write_str("action"),
            Self::Pending(looks) => write!(f, "pending_{looks}"),
            Self::Failing(looks) => write!(f, "failing_{looks}"),
            Self::Broken => f.write_str("broken"),
            Self::Halfdone => f.write_str("halfdone"),
        }
    }
}

impl Outcome {
    /// A token without the outcome it ends in: `pm_card_visa_slow_500` is `pm_card_visa`, slowly.
    pub fn split_suffix(token: &str) -> (&str, Option<Self>) {
        let mut ends = token.rmatch_indices('_').take(2);
        ends.find_map(|(at, _)| Some((&token[..at], Some(token[at + 1..].parse().ok()?))))
            .unwrap_or((token, None))
    }

    /// What is left of it after one call.
    fn spent(self) -> Option<Self> {
        match self {
            Self::Decline
            | Self::Slow(_)
            | Self::Rude(_)
            | Self::Action
            | Self::Pending(_)
            | Self::Failing(_) => Some(self),
            Self::Timeout(_)
            | Self::Down(0 | 1)
            | Self::Throttle(0 | 1)
            | Self::Broken
            | Self::Halfdone => None,
            Self::Down(calls) => Some(Self::Down(calls - 1)),
            Self::Throttle(calls) => Some(Self::Throttle(calls - 1)),
        }
    }
}

/// Outcomes as text by their subjects; `None` takes a subject's away.
type Changes = HashMap<String, Option<String>>;

/// The outcomes in force.
#[derive(Debug, Default)]
pub struct Script {
    by_subject: Mutex<HashMap<String, Outcome>>,
    /// What is left of the outcomes that tokens carried, by token and the order it paid for.
    carried: Mutex<HashMap<(String, String), Option<Outcome>>>,
}

impl Script {
    /// Has calls that concern `subject` end in `outcome`.
    pub fn set(&self, subject: &str, outcome: Outcome) {
        self.by_subject.lock().insert(subject.to_owned(), outcome);
    }

    /// All of `changes`, or none if one of them is no outcome.
    fn change(&self, changes: Changes) -> Result<(), OutcomeError> {
        let parse = |(subject, text): (String, Option<String>)| {
            Ok((subject, text.map(|it| it.parse()).transpose()?))
        };
        for (subject, outcome) in changes.into_iter().map(parse).collect::<Result<Vec<_>, _>>()? {
            match outcome {
                Some(outcome) => self.set(&subject, outcome),
                None => drop(self.by_subject.lock().remove(&subject)),
            }
        }
        Ok(())
    }

    fn clear(&self) {
        self.by_subject.lock().clear();
    }

    /// The outcome of a call that concerns these subjects, the first scripted one; spends it.
    pub fn next(&self, subjects: &[&str]) -> Option<Outcome> {
        let mut by_subject = self.by_subject.lock();
        let subject = subjects.iter().chain([&ANYONE]).find(|it| by_subject.contains_key(**it))?;
        let outcome = by_subject.remove(*subject)?;
        if let Some(rest) = outcome.spent() {
            by_subject.insert((*subject).to_owned(), rest);
        }
        (!matches!(outcome, Outcome::Down(0) | Outcome::Throttle(0))).then_some(outcome)
    }

    /// As [`Self::next`]; unscripted, what `token` carries, counted per `scope`.
    pub fn next_with(&self, subjects: &[&str], token: &str, scope: &str) -> Option<Outcome> {
        if let Some(outcome) = self.next(subjects) {
            return Some(outcome);
        }
        let outcome = Outcome::split_suffix(token).1?;
        let mut carried = self.carried.lock();
        let left = carried.entry((token.to_owned(), scope.to_owned())).or_insert(Some(outcome));
        let outcome = (*left)?;
        *left = outcome.spent();
        Some(outcome)
    }
}

/// The administration of a service's script.
pub fn routes<S>(script: fn(&S) -> &Script) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let change = move |State(state): State<S>, Json(changes): Json<Changes>| async move {
        match script(&state).change(changes) {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(error) => {
                let body = Json(json!({"message": error.to_string()}));
                (StatusCode::BAD_REQUEST, body).into_response()
            }
        }
    };
    let clear = move |State(state): State<S>| async move {
        script(&state).clear();
        StatusCode::NO_CONTENT
    };
    Router::new().route("/_sandbox/script", put(change).delete(clear))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read_as_they_are_written() {
        for text in [
            "decline",
            "timeout_7",
            "slow_500",
            "down_3",
            "throttle_1",
            "rude_402",
            "action",
            "pending_2",
            "failing_0",
            "broken",
            "halfdone",
        ] {
            assert_eq!(text.parse::<Outcome>().unwrap().to_string(), text);
        }
        assert_eq!("timeout".parse::<Outcome>().unwrap().to_string(), "timeout_120000");
        for text in ["", "slow", "down_0", "down_x", "decline_1", "explode", "rude_200", "action_1"]
        {
            assert!(text.parse::<Outcome>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_may_end_in_an_outcome() {
        let slow = Some(Outcome::Slow(Duration::from_millis(500)));
        assert_eq!(Outcome::split_suffix("pm_card_visa_slow_500"), ("pm_card_visa", slow));
        assert_eq!(Outcome::split_suffix("addr_1_decline"), ("addr_1", Some(Outcome::Decline)));
        assert_eq!(Outcome::split_suffix("pm_card_visa"), ("pm_card_visa", None));
        assert_eq!(Outcome::split_suffix("addr_123"), ("addr_123", None));
    }

    #[test]
    fn an_outcome_is_spent_on_the_first_scripted_subject() {
        let script = Script::default();
        script.set("order", Outcome::Down(2));
        script.set("*", Outcome::Decline);
        assert_eq!(script.next(&["order", "pm"]), Some(Outcome::Down(2)));
        assert_eq!(script.next(&["pm", "order"]), Some(Outcome::Down(1)));
        assert_eq!(script.next(&["order", "pm"]), Some(Outcome::Decline));
        script.clear();
        assert_eq!(script.next(&["order", "pm"]), None);
    }

    #[test]
    fn what_a_token_carries_is_counted_per_scope() {
        let script = Script::default();
        let next = |scope| script.next_with(&[], "pm_card_visa_down_1", scope);
        assert_eq!(next("a"), Some(Outcome::Down(1)));
        assert_eq!(next("a"), None);
        assert_eq!(next("b"), Some(Outcome::Down(1)));
    }
}

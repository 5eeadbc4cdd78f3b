use std::time::Duration;

use aws_sdk_eventbridge::{Client, types::PutEventsResultEntry};
use event_envelope::{Envelope, TooLarge};
use runtime::{Breaker, Clock, Tracer};
use tokio::time::sleep;

use crate::entry::{self, Outgoing};

/// The codes of entries that the bus will never accept as they are. Others may pass, also
/// unknown ones.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html>.
const FINAL_CODES: [&str; 7] = [
    "AccessDeniedException",
    "InvalidAccountIdException",
    "InvalidArgument",
    "MalformedDetail",
    "NotAuthorizedForDetailTypeException",
    "NotAuthorizedForSourceException",
    "RedactionFailure",
];
/// The longest wait between two rounds.
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// The bus has accepted an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The id that the bus gave the entry: for logs, never a key, since each copy of the same
    /// event gets its own.
    pub entry_id: String,
}

/// The bus has not accepted an event, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPublished {
    /// It is larger than an event may be.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The bus refuses it for good.
    #[error("the bus refuses the entry: {code}: {message}")]
    Refused {
        /// EventBridge's error code.
        code: String,
        /// EventBridge's message.
        message: String,
    },
    /// The bus throttled it, or failed. Another attempt may succeed.
    #[error("the bus did not take the entry: {code}: {message}")]
    Throttled {
        /// EventBridge's error code.
        code: String,
        /// EventBridge's message.
        message: String,
    },
    /// The call failed, or its answer has no entry for this event.
    #[error("the bus did not answer: {reason}")]
    Unanswered {
        /// What happened to the call.
        reason: String,
    },
    /// The circuit is open: too many calls failed in a row, and this one was not made.
    #[error("the circuit is open: too many calls to the bus failed in a row")]
    CircuitOpen,
}

impl NotPublished {
    /// Whether publishing it again may succeed.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::TooLarge(_) | Self::Refused { .. } => false,
            Self::Throttled { .. } | Self::Unanswered { .. } | Self::CircuitOpen => true,
        }
    }
}

/// How hard a publisher tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How often an entry is sent that the bus keeps throttling.
    pub attempts_max: u32,
    /// The longest wait before the second attempt; it doubles with each further one.
    pub backoff: Duration,
    /// How many calls may fail in a row before the circuit opens.
    pub failures_max: u32,
    /// For how long it is then open.
    pub rest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts_max: 4,
            backoff: Duration::from_millis(100),
            failures_max: 5,
            rest: Duration::from_secs(5),
        }
    }
}

/// Publishes events to a bus. Clones share its circuit breaker.
#[derive(Debug, Clone)]
pub struct Publisher {
    client: Client,
    bus: String,
    limits: Limits,
    breaker: Breaker,
    pub(crate) clock: Clock,
    pub(crate) tracer: Tracer,
}

impl Publisher {
    /// Publishes to the bus of the name or ARN `bus`. It must exist: EventBridge accepts events
    /// for a bus that does not, and drops them.
    pub fn new(client: Client, bus: impl Into<String>) -> Self {
        Self::with_limits(client, bus, Limits::default())
    }

    /// As [`new`](Self::new), with these `limits`.
    pub fn with_limits(client: Client, bus: impl Into<String>, limits: Limits) -> Self {
        let breaker = Breaker::new(limits.failures_max, limits.rest);
        let clock = Clock::system();
        let tracer = Tracer::off();
        Self { client, bus: bus.into(), limits, breaker, clock, tracer }
    }

    /// The same publisher, which measures the age of events by `clock` in place of the machine's.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The same publisher, for which [`Relay`](crate::Relay) records a span of each event: beside
    /// the spans of its consumers, since the published event is the stored one.
    #[must_use]
    pub fn traced(self, tracer: Tracer) -> Self {
        Self { tracer, ..self }
    }

    /// Publishes `envelopes`, and returns the result of each, at the same index.
    ///
    /// Entries that the bus throttled are sent again, without the others, a few times after
    /// growing waits. A call that fails as a whole has been retried by the client already and
    /// counts as unanswered: its events may have been accepted, so publishing them again may
    /// duplicate them, which their ids make harmless.
    pub async fn publish(&self, envelopes: &[Envelope]) -> Vec<Result<Published, NotPublished>> {
        let mut outcomes = Vec::with_capacity(envelopes.len());
        let mut outgoing = Vec::with_capacity(envelopes.len());
        for (position, envelope) in envelopes.iter().enumerate() {
            outcomes.push(match Outgoing::new(position, envelope, &self.bus) {
                Ok(event) => {
                    outgoing.push(event);
                    Err(NotPublished::Unanswered { reason: "not yet sent".to_owned() })
                }
                Err(error) => Err(error.into()),
            });
        }
        for attempt in 0..self.limits.attempts_max {
            if outgoing.is_empty() {
                break;
            }
            if attempt > 0 {
                sleep(self.backoff(attempt)).await;
            }
            let mut again = Vec::new();
            for call in entry::calls(outgoing) {
                let answers = self.put(&call).await;
                for (event, answer) in call.into_iter().zip(answers) {
                    let is_throttled = matches!(answer, Err(NotPublished::Throttled { .. }));
                    if let Some(outcome) = outcomes.get_mut(event.position) {
                        *outcome = answer;
                    }
                    if is_throttled {
                        again.push(event);
                    }
                }
            }
            outgoing = again;
        }
        outcomes
    }

    /// Makes one call. There is an answer for each entry, at the same index.
    async fn put(&self, call: &[Outgoing]) -> Vec<Result<Published, NotPublished>> {
        if self.breaker.admit().is_err() {
            return vec![Err(NotPublished::CircuitOpen); call.len()];
        }
        let entries = call.iter().map(|event| event.entry.clone()).collect();
        let answers = match self.client.put_events().set_entries(Some(entries)).send().await {
            Ok(response) => answers(response.entries.unwrap_or_default(), call.len()),
            Err(error) => {
                let reason = runtime::chain(&error);
                vec![Err(NotPublished::Unanswered { reason }); call.len()]
            }
        };
        let is_failed = |answer: &Result<_, NotPublished>| {
            answer.as_ref().is_err_and(NotPublished::is_retryable)
        };
        if answers.iter().all(is_failed) {
            self.breaker.failed();
        } else {
            self.breaker.succeeded();
        }
        answers
    }

    /// A random part of a wait that doubles, so that functions throttled together do not come back
    /// together.
    fn backoff(&self, attempt: u32) -> Duration {
        let doubled = self.limits.backoff.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        doubled.min(BACKOFF_MAX).mul_f64(fastrand::f64())
    }
}

/// The result of each of `count` entries: the bus's answer has them in the order of the request.
fn answers(
    results: Vec<PutEventsResultEntry>,
    count: usize,
) -> Vec<Result<Published, NotPublished>> {
    let silence = || {
        let reason = "its answer leaves the entry out".to_owned();
        Err(NotPublished::Unanswered { reason })
    };
    let mut answers: Vec<_> = results.into_iter().take(count).map(answer).collect();
    answers.resize_with(count, silence);
    answers
}

fn answer(result: PutEventsResultEntry) -> Result<Published, NotPublished> {
    let message = result.error_message.unwrap_or_default();
    match (result.error_code, result.event_id) {
        (Some(code), _) if FINAL_CODES.contains(&code.as_str()) => {
            Err(NotPublished::Refused { code, message })
        }
        (Some(code), _) => Err(NotPublished::Throttled { code, message }),
        (None, Some(entry_id)) => Ok(Published { entry_id }),
        (None, None) => {
            let reason = "its answer has neither id nor error for the entry".to_owned();
            Err(NotPublished::Unanswered { reason })
        }
    }
}

use std::time::{Duration, Instant};

use event_envelope::{DecodeError, Delivery};
use runtime::{Clock, Done};
use time::OffsetDateTime;
use tracing::{Level, event};

use crate::outcome::Outcome;

/// Stands for the type of an event that cannot be read, or that this consumer does not know: a
/// sender must not create a metric with each.
const UNKNOWN: &str = "unknown";

/// What the metrics of a record need when it is completed.
#[derive(Debug)]
pub(crate) struct RecordMetrics {
    begun: Instant,
    event_type: Option<String>,
    happened: Option<OffsetDateTime>,
    is_replay: bool,
}

impl RecordMetrics {
    pub(crate) fn begin(opened: &Result<Delivery, DecodeError>) -> Self {
        let delivery = opened.as_ref().ok();
        Self {
            begun: Instant::now(),
            event_type: delivery.map(|delivery| delivery.envelope.event_type.clone()),
            happened: delivery.map(|delivery| delivery.envelope.timestamp),
            is_replay: delivery.is_some_and(|delivery| delivery.replay.is_some()),
        }
    }

    /// Records the outcome, as an event that only a subscriber to the target `metrics` receives.
    pub(crate) fn end(&self, outcome: &Outcome, clock: &Clock) {
        let is_done = |done| matches!(outcome, Outcome::Done(it) if *it == done);
        event!(
            target: "metrics",
            Level::TRACE,
            monotonic_counter.EventsHandled = count(is_done(Done::Handled)),
            monotonic_counter.EventsRejected = count(is_done(Done::Rejected)),
            monotonic_counter.EventsDuplicate = count(is_done(Done::Duplicate)),
            monotonic_counter.EventsIgnored =
                count(is_done(Done::Ignored) || matches!(outcome, Outcome::UnknownType)),
            monotonic_counter.EventsRefused =
                count(matches!(outcome, Outcome::ReplayRefused { .. })),
            monotonic_counter.EventsReplayed = count(self.is_replay),
            monotonic_counter.EventsRetried = count(matches!(outcome, Outcome::Retry { .. } | Outcome::Abandoned)),
            monotonic_counter.EventsPoisoned = count(outcome.is_permanent()),
            histogram.HandlingMs = milliseconds(self.begun.elapsed()),
            histogram.EventAgeMs = self.age(outcome, clock),
            EventType = self.event_type(outcome),
        );
    }

    fn event_type(&self, outcome: &Outcome) -> &str {
        let known = self.event_type.as_deref().filter(|_| !matches!(outcome, Outcome::UnknownType));
        known.unwrap_or(UNKNOWN)
    }

    /// From when the event happened until it took effect here, in milliseconds: none for an event
    /// that took none, or that is a replay.
    fn age(&self, outcome: &Outcome, clock: &Clock) -> Option<f64> {
        let took_effect = matches!(outcome, Outcome::Done(Done::Handled | Done::Rejected));
        let happened = self.happened.filter(|_| took_effect && !self.is_replay)?;
        // Clocks of different machines agree only so far.
        Some(((clock.now() - happened).as_seconds_f64() * 1_000.0).max(0.0))
    }
}

/// Nothing, not zero, for what did not happen: a metric that was never more is not there.
fn count(happened: bool) -> Option<u64> {
    happened.then_some(1)
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

use std::time::{Duration, Instant};

use event_envelope::{DecodeError, Delivery};
use runtime::{Clock, Done};
use time::OffsetDateTime;
use tracing::{Level, event};

use crate::outcome::Outcome;

/// What stands for the type of an event that cannot be read, or that nobody here knows: whoever
/// sends such must not make a metric of each.
const UNKNOWN: &str = "unknown";

/// What is to be known of a record when it is settled.
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
            event_type: delivery.map(|it| it.envelope.event_type.clone()),
            happened: delivery.map(|it| it.envelope.timestamp),
            is_replay: delivery.is_some_and(|it| it.replay.is_some()),
        }
    }

    /// Says how it ended, for metrics. Whoever has no use for them is not told.
    pub(crate) fn end(&self, ending: &Outcome, clock: &Clock) {
        let is_done = |done| matches!(ending, Outcome::Done(it) if *it == done);
        event!(
            target: "metrics",
            Level::TRACE,
            monotonic_counter.EventsHandled = count(is_done(Done::Handled)),
            monotonic_counter.EventsRejected = count(is_done(Done::Rejected)),
            monotonic_counter.EventsDuplicate = count(is_done(Done::Duplicate)),
            monotonic_counter.EventsIgnored =
                count(is_done(Done::Ignored) || matches!(ending, Outcome::UnknownType)),
            monotonic_counter.EventsRefused =
                count(matches!(ending, Outcome::ReplayRefused { .. })),
            monotonic_counter.EventsReplayed = count(self.is_replay),
            monotonic_counter.EventsRetried = count(matches!(ending, Outcome::Retry { .. } | Outcome::Abandoned)),
            monotonic_counter.EventsPoisoned = count(ending.is_permanent()),
            histogram.HandlingMs = milliseconds(self.begun.elapsed()),
            histogram.EventAgeMs = self.age(ending, clock),
            EventType = self.event_type(ending),
        );
    }

    fn event_type(&self, ending: &Outcome) -> &str {
        let known = self.event_type.as_deref().filter(|_| !matches!(ending, Outcome::UnknownType));
        known.unwrap_or(UNKNOWN)
    }

    /// From what happened until it has taken effect here, in milliseconds: none for what took none,
    /// or took it years ago.
    fn age(&self, ending: &Outcome, clock: &Clock) -> Option<f64> {
        let took_effect = matches!(ending, Outcome::Done(Done::Handled | Done::Rejected));
        let happened = self.happened.filter(|_| took_effect && !self.is_replay)?;
        // Clocks of different machines agree only so far.
        Some(((clock.now() - happened).as_seconds_f64() * 1_000.0).max(0.0))
    }
}

/// Nothing, not zero, for what did not happen: a metric that was never more is not there.
fn count(it: bool) -> Option<u64> {
    it.then_some(1)
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

//! How schedules are kept.

use std::time::Duration;

use local_core::Clock;

/// How often schedules invoke their functions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SchedulePace {
    /// At their own rates, as in AWS: an invocation does not wait for the one before.
    #[default]
    AsWritten,
    /// All of them with this time in between, for those who cannot wait a minute. A function that
    /// still works on the invocation before is left alone: at its own rate it would have had the
    /// time.
    Every(Duration),
}

impl SchedulePace {
    /// The time between two invocations of a schedule, and whether a busy function is spared.
    pub(crate) fn of(self, every: Duration) -> (Duration, bool) {
        /// A clock that does not tick is no clock.
        const LEAST: Duration = Duration::from_millis(1);
        match self {
            Self::AsWritten => (every.max(LEAST), false),
            Self::Every(period) => (period.max(LEAST), true),
        }
    }
}

/// How schedules are kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often they invoke their functions.
    pub pace: SchedulePace,
    /// Where the times in payloads come from. Pauses go by tokio's clock.
    pub clock: Clock,
    /// What ids of invocations follow from.
    pub seed: u64,
}

impl Default for Options {
    /// As AWS keeps them, by the clock of the machine, and with a seed that is drawn.
    #[expect(clippy::disallowed_methods, reason = "the one place that draws the seed")]
    fn default() -> Self {
        Self { pace: SchedulePace::AsWritten, clock: Clock::system(), seed: fastrand::u64(..) }
    }
}

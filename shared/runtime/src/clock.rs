//! The time, as a value that a process is handed.

use std::{fmt, sync::Arc, time::Duration};

use time::OffsetDateTime;

/// Where a process takes the time from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    /// The machine's clock, UTC, in whole milliseconds: clocks of different machines agree on no
    /// more.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        Self(Arc::new(|| OffsetDateTime::now_utc().truncate_to_millisecond()))
    }

    /// A clock that stands still.
    pub fn fixed(at: OffsetDateTime) -> Self {
        Self::from_fn(move || at)
    }

    /// A clock that shows what `now` returns, which is called each time.
    pub fn from_fn(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time, UTC.
    pub fn now(&self) -> OffsetDateTime {
        (self.0)()
    }

    /// How long it is to `deadline`, in milliseconds since the epoch, as Lambda states it: to be
    /// handed to [`with_deadline`](crate::with_deadline). Zero when it has passed.
    pub fn until(&self, deadline: u64) -> Duration {
        let now = u64::try_from(self.now().unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        Duration::from_millis(deadline.saturating_sub(now))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_shows_whole_milliseconds() {
        let now = Clock::system().now();
        assert_eq!(now.nanosecond() % 1_000_000, 0);
    }

    #[test]
    fn a_deadline_is_as_far_as_lambda_states() {
        let clock = Clock::fixed(OffsetDateTime::UNIX_EPOCH + Duration::from_millis(1_500));
        assert_eq!(clock.until(4_500), Duration::from_secs(3));
        assert_eq!(clock.until(1_499), Duration::ZERO);
    }
}

//! The wall clock, which timestamps of services go by. Waits and retries go by tokio's clock.

use std::{fmt, sync::Arc, time::Duration};

use time::OffsetDateTime;

/// Where a service reads the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    /// A clock that reads `now`, in UTC.
    pub fn new(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The clock of the machine.
    #[expect(clippy::disallowed_methods, reason = "the one place that wires the wall clock")]
    pub fn system() -> Self {
        Self::new(OffsetDateTime::now_utc)
    }

    /// What it reads.
    pub fn now(&self) -> OffsetDateTime {
        (self.0)()
    }

    /// What it reads, as the time since 1970; zero before.
    pub fn since_epoch(&self) -> Duration {
        Duration::try_from(self.now() - OffsetDateTime::UNIX_EPOCH).unwrap_or_default()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_since_1970_is_never_negative() {
        let at = |seconds| Clock::new(move || OffsetDateTime::UNIX_EPOCH + seconds);
        assert_eq!(at(time::Duration::milliseconds(1_500)).since_epoch().as_millis(), 1_500);
        assert_eq!(at(time::Duration::seconds(-3)).since_epoch(), Duration::ZERO);
    }
}

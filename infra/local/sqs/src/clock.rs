//! The two times a queue lives by.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;

/// The wall clock, which only timestamps are taken from; deadlines go by [`Instant`].
#[derive(Clone)]
pub struct WallClock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl WallClock {
    /// A clock that reads `now`.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The clock of the machine.
    #[expect(clippy::disallowed_methods, reason = "the one place that wires the wall clock")]
    pub fn system() -> Self {
        Self::new(SystemTime::now)
    }

    /// One moment on both clocks.
    pub(crate) fn now(&self) -> Now {
        let since_1970 = (self.0)().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let wall_ms = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
        Now { instant: Instant::now(), wall_ms }
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WallClock")
    }
}

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// For deadlines.
    pub(crate) instant: Instant,
    /// For timestamps, in milliseconds since 1970.
    pub(crate) wall_ms: u64,
}

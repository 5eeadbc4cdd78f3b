//! The two times a queue lives by.

use local_core::Clock;
use tokio::time::Instant;

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// For deadlines.
    pub(crate) instant: Instant,
    /// For timestamps, in milliseconds since 1970.
    pub(crate) wall_ms: u64,
}

impl Now {
    /// What tokio's clock and `wall` read.
    pub(crate) fn by(wall: &Clock) -> Self {
        let wall_ms = u64::try_from(wall.since_epoch().as_millis()).unwrap_or(u64::MAX);
        Self { instant: Instant::now(), wall_ms }
    }
}

//! Time as the stand-ins are told it, and the ids they give out.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use time::OffsetDateTime;

/// Tells the time; a test passes its own.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "the default of what a caller may replace")]
pub fn system_clock() -> Clock {
    Arc::new(OffsetDateTime::now_utc)
}

/// Ids that grow with time, and differ between two runs of the stack.
#[derive(Debug)]
pub(crate) struct Ids {
    started_ms: u64,
    count: AtomicU64,
}

impl Ids {
    pub(crate) fn new(clock: &Clock) -> Self {
        let millis = clock().unix_timestamp_nanos() / 1_000_000;
        Self { started_ms: u64::try_from(millis).unwrap_or_default(), count: AtomicU64::new(0) }
    }

    /// 24 hexadecimal digits, greater than every one before.
    pub(crate) fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{:012x}{count:012x}", self.started_ms)
    }

    /// `next` after a prefix, as in `pi_0190…`.
    pub(crate) fn prefixed(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.next())
    }
}

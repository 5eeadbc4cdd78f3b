//! What has been done so far.

use local_core::Counter;

/// Counts since the stand-in was built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Executions started.
    pub started: u64,
    /// Executions that ended `SUCCEEDED`.
    pub succeeded: u64,
    /// Executions that ended `FAILED`.
    pub failed: u64,
    /// Executions that ended `TIMED_OUT`.
    pub timed_out: u64,
    /// Executions that ended `ABORTED`.
    pub aborted: u64,
    /// State transitions of all executions, which is what AWS charges for: see
    /// [`ExecutionReport::transitions`](crate::ExecutionReport::transitions).
    pub transitions: u64,
}

/// The same, while it counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) started: Counter,
    pub(crate) succeeded: Counter,
    pub(crate) failed: Counter,
    pub(crate) timed_out: Counter,
    pub(crate) aborted: Counter,
    pub(crate) transitions: Counter,
}

impl Counters {
    pub(crate) fn read(&self) -> Stats {
        Stats {
            started: self.started.get(),
            succeeded: self.succeeded.get(),
            failed: self.failed.get(),
            timed_out: self.timed_out.get(),
            aborted: self.aborted.get(),
            transitions: self.transitions.get(),
        }
    }
}

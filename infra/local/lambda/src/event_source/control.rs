//! How a mapping is paused, and what it counts.

use std::sync::{Arc, atomic::AtomicU64};

use parking_lot::Mutex;
use tokio::sync::watch;

/// What happened to an event source mapping since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MappingCounters {
    /// Invocations of the function.
    pub batches: u64,
    /// Records handed to the function, each attempt counted.
    pub records: u64,
    /// Invocations that failed, wholly or for some records.
    pub batches_failed: u64,
    /// Whether the last of those did.
    pub last_failed: bool,
    /// Records that a filter kept from the function.
    pub filtered: u64,
    /// Records of a stream that were discarded.
    pub discarded: u64,
    /// Errors of the source itself.
    pub source_errors: u64,
    /// Batches that are being gathered or are with the function now.
    pub in_progress: usize,
}

/// Whether a mapping takes batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Running,
    Paused,
    Stopped,
}

/// What a mapping's tasks and its handle share.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counters: Mutex<MappingCounters>,
    pub(super) position: AtomicU64,
}

impl Tally {
    pub(super) fn count(&self, change: impl FnOnce(&mut MappingCounters)) {
        change(&mut self.counters.lock());
    }

    /// A batch is under way until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InProgress {
        self.count(|counters| counters.in_progress += 1);
        InProgress(Arc::clone(self))
    }
}

/// A batch under way.
pub(super) struct InProgress(Arc<Tally>);

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.count(|counters| counters.in_progress -= 1);
    }
}

/// What a mapping's task asks before each step.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    mode: watch::Receiver<Mode>,
}

impl Gate {
    pub(super) fn new(mode: watch::Receiver<Mode>) -> Self {
        Self { mode }
    }

    /// Waits while the mapping is paused; `false` when it is stopped.
    pub(super) async fn open(&mut self) -> bool {
        let mode = self.mode.wait_for(|mode| *mode != Mode::Paused).await;
        mode.is_ok_and(|mode| *mode == Mode::Running)
    }

    /// Waits until the mapping is paused or stopped.
    pub(super) async fn shut(&mut self) {
        // An error means that the mapping's handle is gone, which stops it.
        let _ = self.mode.wait_for(|mode| *mode != Mode::Running).await;
    }
}

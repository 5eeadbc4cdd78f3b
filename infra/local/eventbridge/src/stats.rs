//! What the bus has done so far.

use local_core::Counter;

/// Counts since the bus was built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events accepted by `PutEvents`.
    pub put: u64,
    /// Matches of an event with a rule, replays included.
    pub matched: u64,
    /// Deliveries that a target accepted.
    pub delivered: u64,
    /// Attempts after a first one that failed.
    pub retried: u64,
    /// Deliveries whose retries are exhausted and that are in a dead-letter queue.
    pub dead_lettered: u64,
    /// Events that are nowhere: dropped without a dead-letter queue that took them, or put on
    /// a bus that does not exist.
    pub dropped: u64,
}

/// The same, while it counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) put: Counter,
    pub(crate) matched: Counter,
    pub(crate) delivered: Counter,
    pub(crate) retried: Counter,
    pub(crate) dead_lettered: Counter,
    pub(crate) dropped: Counter,
}

impl Counters {
    pub(crate) fn read(&self) -> Stats {
        Stats {
            put: self.put.get(),
            matched: self.matched.get(),
            delivered: self.delivered.get(),
            retried: self.retried.get(),
            dead_lettered: self.dead_lettered.get(),
            dropped: self.dropped.get(),
        }
    }
}

//! What became of invocations.

/// What became of the invocations of one schedule since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Invocations that the function accepted.
    pub accepted: u64,
    /// Further tries of invocations that were refused.
    pub retries: u64,
    /// Invocations that were left out because the function was busy.
    pub spared: u64,
    /// Invocations that went to the dead-letter queue.
    pub dead_lettered: u64,
    /// Invocations that were refused for good, and for which there was no dead-letter queue.
    pub lost: u64,
}

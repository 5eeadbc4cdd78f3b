//! Counts of what a service has done, which many tasks add to.

use std::sync::atomic::{AtomicU64, Ordering};

/// A count since the service was built.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one more.
    pub fn add_one(&self) {
        self.next_number();
    }

    /// Counts one more, and gives back how many there were before: a number that no other call gets.
    pub fn next_number(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// The count so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

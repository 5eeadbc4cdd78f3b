//! A clock that a test moves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use runtime::Clock;
use time::OffsetDateTime;

/// When tests begin: 2026-01-01, in seconds since the epoch.
const START: i64 = 1_767_225_600;

/// A clock that stands still until a test moves it. Clones show the same time.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }
}

impl TestClock {
    /// The time.
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }

    /// The clock as functions take it.
    pub fn clock(&self) -> Clock {
        let clock = self.clone();
        Clock::from_fn(move || clock.now())
    }

    /// The clock as the stand-ins of AWS and of providers take it.
    pub fn local(&self) -> local_core::Clock {
        let clock = self.clone();
        local_core::Clock::new(move || clock.now())
    }

    /// Makes it so many seconds past the epoch.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_secs()).unwrap(), Ordering::SeqCst);
    }
}

//! A circuit breaker.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Counts failures in a row and refuses calls after too many of them. Clones share the count.
#[derive(Debug, Clone)]
pub struct Breaker {
    failures_max: u32,
    rest: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

/// The call is not made: too many before it failed in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("circuit open after failures in a row: no call for another {left:?}")]
pub struct CircuitOpen {
    /// How long the circuit stays open.
    pub left: Duration,
}

impl Breaker {
    /// Opens for `rest` after `failures_max` failures in a row.
    pub fn new(failures_max: u32, rest: Duration) -> Self {
        Self { failures_max, rest, state: Arc::default() }
    }

    /// Whether a call may be made now. Afterwards call [`succeeded`](Self::succeeded) or
    /// [`failed`](Self::failed).
    ///
    /// # Errors
    ///
    /// When it may not: for how long. Retry after that.
    pub fn admit(&self) -> Result<(), CircuitOpen> {
        let now = Instant::now();
        self.with(|state| match state.open_until {
            Some(until) if now < until => Err(CircuitOpen { left: until - now }),
            Some(_) => {
                // Half open: this call is the trial.
                state.open_until = Some(now + self.rest);
                Ok(())
            }
            None => Ok(()),
        })
    }

    /// A call was answered.
    pub fn succeeded(&self) {
        self.with(|state| *state = State::default());
    }

    /// A call was not answered.
    pub fn failed(&self) {
        let now = Instant::now();
        self.with(|state| {
            state.failures = state.failures.saturating_add(1);
            if state.failures >= self.failures_max {
                state.open_until = Some(now + self.rest);
            }
        });
    }

    /// A panic while the lock was held leaves a valid state: no update here has two steps.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(10);
    const TICK: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row() {
        let breaker = Breaker::new(3, REST);
        for _ in 0..2 {
            breaker.failed();
        }
        breaker.succeeded();
        for _ in 0..2 {
            breaker.failed();
            assert_eq!(breaker.admit(), Ok(()));
        }
        breaker.failed();
        assert_eq!(breaker.admit(), Err(CircuitOpen { left: REST }));
        tokio::time::sleep(REST - TICK).await;
        assert_eq!(breaker.clone().admit(), Err(CircuitOpen { left: TICK }));
    }

    #[tokio::test(start_paused = true)]
    async fn after_its_rest_it_lets_one_call_try() {
        let breaker = Breaker::new(1, REST);
        breaker.failed();
        tokio::time::sleep(REST).await;
        assert!(breaker.admit().is_ok());
        assert!(breaker.admit().is_err(), "one is enough to know");
        breaker.failed();
        assert!(breaker.admit().is_err());
        tokio::time::sleep(REST).await;
        assert!(breaker.admit().is_ok());
        breaker.succeeded();
        assert!(breaker.admit().is_ok() && breaker.admit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_never_ends_is_followed_by_another() {
        let breaker = Breaker::new(1, REST);
        breaker.failed();
        tokio::time::sleep(REST).await;
        assert!(breaker.admit().is_ok());
        // The process that tried was killed, or its answer was lost: its outcome is never reported.
        tokio::time::sleep(REST).await;
        assert!(breaker.admit().is_ok());
    }
}

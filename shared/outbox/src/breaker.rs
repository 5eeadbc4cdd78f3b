use std::time::Duration;

use tokio::time::Instant;

/// Keeps calls from a bus that does not answer: they would only use up the function's time.
///
/// After `failures_max` failed calls in a row it opens for `rest`. Then one call is let through to
/// try: if it succeeds all are, otherwise the rest begins again.
#[derive(Debug)]
pub(crate) struct Breaker {
    failures_max: u32,
    rest: Duration,
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    pub(crate) const fn new(failures_max: u32, rest: Duration) -> Self {
        Self { failures_max, rest, failures: 0, open_until: None }
    }

    /// Whether a call may be made at `now`.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        let Some(until) = self.open_until else { return true };
        let admits = now >= until;
        if admits {
            self.open_until = Some(now + self.rest);
        }
        admits
    }

    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
        self.open_until = None;
    }

    pub(crate) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.failures_max {
            self.open_until = Some(now + self.rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(10);

    #[test]
    fn it_opens_after_failures_in_a_row() {
        let (mut breaker, now) = (Breaker::new(3, REST), Instant::now());
        for _ in 0..2 {
            breaker.failed(now);
        }
        breaker.succeeded();
        for _ in 0..2 {
            breaker.failed(now);
            assert!(breaker.admits(now));
        }
        breaker.failed(now);
        assert!(!breaker.admits(now));
        assert!(!breaker.admits(now + REST - Duration::from_nanos(1)));
    }

    #[test]
    fn after_its_rest_it_lets_one_call_try() {
        let (mut breaker, now) = (Breaker::new(1, REST), Instant::now());
        breaker.failed(now);
        let later = now + REST;
        assert!(breaker.admits(later));
        assert!(!breaker.admits(later), "one is enough to know");
        breaker.failed(later);
        assert!(!breaker.admits(later));
        assert!(breaker.admits(later + REST));
        breaker.succeeded();
        assert!(breaker.admits(later) && breaker.admits(later));
    }
}

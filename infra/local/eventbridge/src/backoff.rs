//! How long a failed delivery waits.

use std::time::Duration;

use local_core::doubled;

/// The waits between attempts: doubled each time, up to a limit, with jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait before the first retry.
    pub first: Duration,
    /// The longest wait before any retry.
    pub max: Duration,
}

impl Default for Backoff {
    /// AWS does not publish its waits. With these, 185 retries take most of the 24 hours that
    /// the default policy allows, and the first follow soon enough for a local run.
    fn default() -> Self {
        Self { first: Duration::from_millis(200), max: Duration::from_secs(8 * 60) }
    }
}

impl Backoff {
    /// The wait before the retry that follows `retries` others: from half of the doubled wait
    /// up to all of it, as `jitter` (0 to 1) says.
    pub(crate) fn wait(&self, retries: u32, jitter: f64) -> Duration {
        doubled(self.first, retries, self.max).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use local_core::RetryPolicy;

    use super::Backoff;

    #[test]
    fn waits_double_up_to_the_limit() {
        let backoff = Backoff { first: Duration::from_secs(1), max: Duration::from_secs(5) };
        let longest: Vec<_> = (0..5).map(|it| backoff.wait(it, 1.0).as_secs()).collect();
        assert_eq!(longest, [1, 2, 4, 5, 5]);
        assert_eq!(backoff.wait(2, 0.0), Duration::from_secs(2));
        assert_eq!(backoff.wait(u32::MAX, 1.0), Duration::from_secs(5));
    }

    #[test]
    fn the_default_policy_fits_the_default_waits() {
        let total: Duration = (0..185).map(|it| Backoff::default().wait(it, 1.0)).sum();
        assert!(total < RetryPolicy::default().age_max);
    }
}

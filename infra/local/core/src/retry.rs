//! How long something is tried again.

use std::time::Duration;

/// How long and how often a delivery or an invocation is tried again: until either limit is
/// reached. It ends where the target accepts; what the target then makes of it is not its concern.
///
/// Targets of rules and schedules have the same limits and defaults:
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html>,
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The age at which it is dropped, 60 s to 24 h.
    pub age_max: Duration,
    /// The retries after the first attempt, 0 to 185.
    pub retries_max: u32,
}

impl Default for RetryPolicy {
    /// AWS's own: 24 hours and 185 retries, the most of both.
    fn default() -> Self {
        Self { age_max: Duration::from_secs(86_400), retries_max: 185 }
    }
}

/// Which limit of a retry policy ended the attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exhausted {
    /// There were as many retries as are allowed.
    Attempts,
    /// The next retry would come too late.
    Age,
}

impl Exhausted {
    /// The `EXHAUSTED_RETRY_CONDITION` of a dead letter.
    pub fn condition(self) -> &'static str {
        match self {
            Self::Attempts => "MaximumRetryAttempts",
            Self::Age => "MaximumEventAgeInSeconds",
        }
    }
}

impl RetryPolicy {
    /// Whether what was retried `retries` times is retried once more, at the age `age`.
    ///
    /// # Errors
    /// The limit that forbids it.
    pub fn allows(&self, retries: u32, age: Duration) -> Result<(), Exhausted> {
        if retries >= self.retries_max {
            Err(Exhausted::Attempts)
        } else if age >= self.age_max {
            Err(Exhausted::Age)
        } else {
            Ok(())
        }
    }
}

/// The wait before the retry that follows `retries` others: `first`, doubled each time, up to
/// `max`.
pub fn doubled(first: Duration, retries: u32, max: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(retries)).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_limit_ends_the_attempts() {
        let policy = RetryPolicy { age_max: Duration::from_secs(60), retries_max: 2 };
        let second = Duration::from_secs(1);
        assert_eq!(policy.allows(1, 2 * second), Ok(()));
        assert_eq!(policy.allows(2, 2 * second), Err(Exhausted::Attempts));
        assert_eq!(policy.allows(0, 60 * second), Err(Exhausted::Age));
    }

    #[test]
    fn waits_double_up_to_the_limit() {
        let (first, max) = (Duration::from_secs(1), Duration::from_secs(5));
        let waits: Vec<_> = (0..5).map(|it| doubled(first, it, max).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
        assert_eq!(doubled(first, u32::MAX, max), max);
    }
}

//! What a schedule is.

use std::time::Duration;

/// A schedule that is at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The ARN of the function that it invokes.
    pub function_arn: String,
    /// The time from one invocation to the next.
    pub every: Duration,
    /// The payload, which is JSON; the default event if not given.
    pub input: Option<String>,
    /// What becomes of an invocation that is refused.
    pub retry: RetryPolicy,
    /// ARN of the queue for what was refused for good. Without one it is lost, and counted.
    pub dead_letter_arn: Option<String>,
}

/// How long and how often an invocation is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// An invocation older than this is given up.
    pub age_max: Duration,
    /// Tries after the first.
    pub retries_max: u32,
}

impl Default for RetryPolicy {
    /// The most of both, as in AWS:
    /// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html>.
    fn default() -> Self {
        Self { age_max: Duration::from_secs(86_400), retries_max: 185 }
    }
}

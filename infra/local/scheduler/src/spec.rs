//! What a schedule is.

use std::time::Duration;

use local_core::RetryPolicy;

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

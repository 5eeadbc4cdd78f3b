//! What stands behind schedules: functions, and queues for what they refuse.

use bytes::Bytes;

/// The functions and queues of the stack.
pub trait Targets: Send + Sync + 'static {
    /// Hands `payload` to a function that is to work on it later: the invocation type `Event`.
    ///
    /// # Errors
    ///
    /// When the invocation was not accepted.
    fn invoke(&self, function_arn: &str, payload: Bytes) -> Result<(), Refusal>;

    /// Whether the function has not finished what it was handed.
    fn is_busy(&self, function_arn: &str) -> bool;

    /// Keeps what no function accepted.
    ///
    /// # Errors
    ///
    /// When the queue does not take it; the text is why. It is lost then.
    fn dead_letter(&self, queue_arn: &str, letter: DeadLetter) -> Result<(), String>;
}

/// Why an invocation was not accepted: the code of an exception of Lambda, and its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It passes by itself: tried again.
    Passing {
        /// E.g. `TooManyRequestsException`.
        code: &'static str,
        /// What Lambda answers.
        message: String,
    },
    /// It would be refused again: dropped at once.
    Lasting {
        /// E.g. `ResourceNotFoundException`.
        code: &'static str,
        /// What Lambda answers.
        message: String,
    },
}

/// Name and value of a text attribute of a message.
pub type Attribute = (&'static str, String);

/// What the dead-letter queue is sent.
/// Source: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message's body: the payload that no target accepted.
    pub payload: String,
    /// What happened to it.
    pub attributes: Vec<Attribute>,
}

//! The queue of a consumer, as its environment names it.

use runtime::{ConfigError, Environment};

/// The queue that a function consumes, and where its dead letters go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// The URL of the queue.
    pub url: String,
    /// The URL of the dead-letter queue.
    pub dead_letter_url: String,
}

impl QueueConfig {
    /// Reads `QUEUE_URL` and `DEAD_LETTER_QUEUE_URL`.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing; the function should not start.
    pub fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            url: environment.required("QUEUE_URL")?,
            dead_letter_url: environment.required("DEAD_LETTER_QUEUE_URL")?,
        })
    }
}

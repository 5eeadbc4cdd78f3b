//! What the template tells this function.

use environment::{Missing, optional, required};

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The workflow, by the ARN of its state machine.
    pub state_machine_arn: String,
    /// Where this function's events come from.
    pub queue_url: String,
    /// Where poison goes.
    pub dead_letter_queue_url: String,
    /// What is logged.
    pub log: Option<String>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing; the function should not start.
    pub fn from_env() -> Result<Self, Missing> {
        Ok(Self {
            state_machine_arn: required("STATE_MACHINE_ARN")?,
            queue_url: required("QUEUE_URL")?,
            dead_letter_queue_url: required("DEAD_LETTER_QUEUE_URL")?,
            log: optional("RUST_LOG"),
        })
    }
}

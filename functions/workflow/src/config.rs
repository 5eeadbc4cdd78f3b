//! What the template tells this function.

use runtime::{ConfigError, Environment};

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The workflow, by the ARN of its state machine.
    pub state_machine_arn: String,
    /// The queue that the function consumes.
    pub queue_url: String,
    /// Where permanent failures go.
    pub dead_letter_queue_url: String,
    /// What is logged beyond the usual.
    pub log_filter: Option<String>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing or invalid; the function should not start.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&Environment::of_process())
    }

    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            state_machine_arn: environment.required("STATE_MACHINE_ARN")?,
            queue_url: environment.required("QUEUE_URL")?,
            dead_letter_queue_url: environment.required("DEAD_LETTER_QUEUE_URL")?,
            log_filter: environment.optional("RUST_LOG"),
        })
    }
}

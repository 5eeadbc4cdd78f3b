//! What the template sets for this function.

use lambda::QueueConfig;
use runtime::{ConfigError, Environment, FromEnvironment};

/// Read once, before the first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The workflow, by the ARN of its state machine.
    pub state_machine_arn: String,
    /// The queue that the function consumes.
    pub queue: QueueConfig,
}

impl FromEnvironment for Config {
    fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            state_machine_arn: environment.required("STATE_MACHINE_ARN")?,
            queue: QueueConfig::read(environment)?,
        })
    }
}

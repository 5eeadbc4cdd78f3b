//! Whether a function accepts tasks at all.

use runtime::{ConfigError, Environment};
use tracing::error;

use crate::task::{Invocation, TaskError};

/// The mode in which a workflow asks for tasks.
const ORCHESTRATION: &str = "orchestration";

/// Whether a function accepts tasks. Where no workflow is deployed none are expected, but every
/// principal that may invoke the function could send one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tasks {
    /// A workflow asks for them.
    Taken,
    /// None are accepted in this mode.
    RefusedIn(String),
}

impl Tasks {
    /// Reads `FULFILMENT_MODE`.
    ///
    /// # Errors
    ///
    /// When it is missing; the function should not start.
    pub fn read(environment: &Environment) -> Result<Self, ConfigError> {
        environment.required("FULFILMENT_MODE").map(Self::in_mode)
    }

    /// Accepted in the mode `orchestration`, and in no other.
    pub fn in_mode(mode: String) -> Self {
        if mode == ORCHESTRATION { Self::Taken } else { Self::RefusedIn(mode) }
    }

    /// The invocation, unless it is a task and none are accepted.
    ///
    /// # Errors
    ///
    /// Permanent, naming the mode: no retry helps.
    pub fn admit(&self, invocation: Invocation) -> Result<Invocation, TaskError> {
        match (self, invocation) {
            (Self::RefusedIn(mode), Invocation::Task(_)) => {
                error!(mode, "a task is refused: no workflow is deployed");
                Err(TaskError::Permanent(format!(
                    "tasks are refused in the mode {mode:?}: deploy the mode {ORCHESTRATION:?}"
                )))
            }
            (Self::Taken | Self::RefusedIn(_), invocation) => Ok(invocation),
        }
    }
}

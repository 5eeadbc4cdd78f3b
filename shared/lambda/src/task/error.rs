//! The errors of a task, by which a workflow decides whether to retry it.

use lambda_runtime::Diagnostic;
use runtime::{Failure, chain};

/// Why a task did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// It may succeed later: the workflow should try again, with a backoff.
    #[error("{0}")]
    Retry(String),
    /// It can never succeed: the workflow should catch it.
    #[error("{0}")]
    Permanent(String),
}

impl TaskError {
    /// The name by which `Retry` and `Catch` of a state match it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Retry(_) => "Retry",
            Self::Permanent(_) => "Poison",
        }
    }
}

impl From<Failure> for TaskError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retry { reason, .. } => Self::Retry(chain(reason.as_ref())),
            Failure::Permanent { reason } => Self::Permanent(chain(reason.as_ref())),
        }
    }
}

impl From<TaskError> for Diagnostic {
    fn from(error: TaskError) -> Self {
        Self { error_type: error.name().to_owned(), error_message: error.to_string() }
    }
}

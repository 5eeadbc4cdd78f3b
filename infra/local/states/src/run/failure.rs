//! Why an execution does not go on.

use crate::{
    execution::NoRecord,
    state_error::{StateError, error_name},
};

/// Why an execution does not go on after a state.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The state reports an error, which it or a state around it may retry or catch.
    Error(StateError),
    /// An error that nothing retries or catches.
    Fatal(StateError),
    /// The execution has ended meanwhile.
    Ended,
}

impl Failure {
    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self::Fatal(StateError::new(error_name::RUNTIME, cause))
    }

    /// A state puts out, or a task results in, more than may be passed on.
    pub(crate) fn too_large(name: &str) -> StateError {
        let cause = format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number \
             of bytes service limit."
        );
        StateError::new(error_name::DATA_LIMIT_EXCEEDED, cause)
    }
}

impl From<NoRecord> for Failure {
    fn from(reason: NoRecord) -> Self {
        match reason {
            NoRecord::Ended => Self::Ended,
            NoRecord::Full => {
                Self::runtime("The execution reached the maximum number of history events (25000).")
            }
        }
    }
}

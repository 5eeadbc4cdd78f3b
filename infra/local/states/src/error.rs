//! What the API refuses, in the words of AWS.

use local_core::AwsError;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The name belongs to an execution with another input, or to one that has ended within the
    /// last 90 days. What was to be started has been started before, or needs another name.
    #[error("Execution Already Exists: '{arn}'")]
    ExecutionAlreadyExists {
        /// The execution that has the name.
        arn: String,
    },
    /// There is no such execution, or it ended more than 90 days ago.
    #[error("Execution Does Not Exist: '{arn}'")]
    ExecutionDoesNotExist {
        /// What the caller named.
        arn: String,
    },
    /// There is no such state machine.
    #[error("State Machine Does Not Exist: '{arn}'")]
    StateMachineDoesNotExist {
        /// What the caller named.
        arn: String,
    },
    /// What should be the ARN of a state machine or an execution is none.
    #[error("Invalid Arn: '{problem}'")]
    InvalidArn {
        /// What is wrong with it.
        problem: String,
    },
    /// The name has characters that a name cannot have.
    #[error("Invalid Name: '{name}'")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// The input is no JSON.
    #[error("Invalid State Machine Execution Input: '{problem}'")]
    InvalidExecutionInput {
        /// What is wrong with it.
        problem: String,
    },
    /// The token is not one that a list has given.
    #[error("Invalid Token: 'Invalid token'")]
    InvalidToken,
    /// A member breaks a constraint of the API.
    #[error("1 validation error detected: {problem}")]
    Validation {
        /// The member, and the constraint.
        problem: String,
    },
    /// The request is not of the operation's shape.
    #[error("{problem}")]
    Serialization {
        /// What the parser says.
        problem: String,
    },
    /// There is no such operation here.
    #[error("no operation {operation:?} here")]
    UnknownOperation {
        /// What the caller named.
        operation: String,
    },
}

impl ApiError {
    /// A member that breaks a constraint of the API.
    pub(crate) fn constraint(member: &str, value: &str, constraint: &str) -> Self {
        let problem =
            format!("Value '{value}' at '{member}' failed to satisfy constraint: {constraint}");
        Self::Validation { problem }
    }
}

impl From<ApiError> for AwsError {
    fn from(error: ApiError) -> Self {
        let code = match &error {
            ApiError::ExecutionAlreadyExists { .. } => "ExecutionAlreadyExists",
            ApiError::ExecutionDoesNotExist { .. } => "ExecutionDoesNotExist",
            ApiError::StateMachineDoesNotExist { .. } => "StateMachineDoesNotExist",
            ApiError::InvalidArn { .. } => "InvalidArn",
            ApiError::InvalidName { .. } => "InvalidName",
            ApiError::InvalidExecutionInput { .. } => "InvalidExecutionInput",
            ApiError::InvalidToken => "InvalidToken",
            ApiError::Validation { .. } => return Self::validation(error.to_string()),
            ApiError::Serialization { .. } => "SerializationException",
            ApiError::UnknownOperation { operation } => return Self::unknown_operation(operation),
        };
        Self::client(code, error.to_string())
    }
}

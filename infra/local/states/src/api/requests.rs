//! Request bodies, as far as they are read here.

use local_core::Bytes;
use serde::{Deserialize, de::DeserializeOwned};

use crate::error::ApiError;

/// Reads the body of an operation.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::Serialization { problem: error.to_string() })
}

/// A member that must be there.
pub(super) fn required<T>(member: &str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::constraint(member, "null", "Member must not be null"))
}

/// A text of at most `bytes_max` bytes, where there is one. It is not repeated in the error.
pub(super) fn at_most(member: &str, text: Option<&str>, bytes_max: usize) -> Result<(), ApiError> {
    if text.is_none_or(|text| text.len() <= bytes_max) {
        return Ok(());
    }
    let problem = format!(
        "Value at '{member}' failed to satisfy constraint: Member must have length less than or \
         equal to {bytes_max}"
    );
    Err(ApiError::Validation { problem })
}

/// `StartExecution`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartExecution {
    pub(crate) state_machine_arn: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) trace_header: Option<String>,
}

/// `StopExecution`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StopExecution {
    pub(super) execution_arn: Option<String>,
    pub(super) error: Option<String>,
    pub(super) cause: Option<String>,
}

/// `DescribeExecution` and `DescribeStateMachine`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    pub(super) execution_arn: Option<String>,
    pub(super) state_machine_arn: Option<String>,
    pub(super) included_data: Option<String>,
}

/// `GetExecutionHistory`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetExecutionHistory {
    pub(super) execution_arn: Option<String>,
    #[serde(default)]
    pub(super) reverse_order: bool,
    pub(super) include_execution_data: Option<bool>,
    #[serde(flatten)]
    pub(super) page: Page,
}

/// `ListExecutions` and `ListStateMachines`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    pub(super) state_machine_arn: Option<String>,
    pub(super) status_filter: Option<String>,
    pub(super) map_run_arn: Option<String>,
    pub(super) redrive_filter: Option<String>,
    #[serde(flatten)]
    pub(super) page: Page,
}

/// Which page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) max_results: Option<i64>,
    pub(super) next_token: Option<String>,
}

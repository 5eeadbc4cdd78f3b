//! Request bodies of the EventBridge API, as far as they are read here.

use local_core::{AwsError, Bytes};
use serde::{Deserialize, de::DeserializeOwned};

/// Reads the body of an operation.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, AwsError> {
    serde_json::from_slice(body)
        .map_err(|error| AwsError::client("SerializationException", error.to_string()))
}

/// The error of a member that is not there, in the words of AWS.
pub(crate) fn required<T>(member: &str, value: Option<T>) -> Result<T, AwsError> {
    value.ok_or_else(|| constraint(member, "null", "Member must not be null"))
}

/// The error of a member whose value breaks a constraint of the API.
pub(crate) fn constraint(member: &str, value: &str, constraint: &str) -> AwsError {
    AwsError::validation(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

/// `PutEvents`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutEvents {
    pub(crate) entries: Option<Vec<Entry>>,
    pub(crate) endpoint_id: Option<String>,
}

/// One event of `PutEvents`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entry {
    /// Seconds since 1970.
    pub(crate) time: Option<f64>,
    pub(crate) source: Option<String>,
    pub(crate) resources: Option<Vec<String>>,
    pub(crate) detail_type: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) event_bus_name: Option<String>,
    pub(crate) trace_header: Option<String>,
}

/// `TestEventPattern`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TestEventPattern {
    pub(crate) event_pattern: Option<String>,
    pub(crate) event: Option<String>,
}

/// Any operation that reads one resource, or lists several.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Query {
    pub(crate) name: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) archive_name: Option<String>,
    pub(crate) replay_name: Option<String>,
    pub(crate) event_bus_name: Option<String>,
    pub(crate) event_source_arn: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) name_prefix: Option<String>,
    pub(crate) next_token: Option<String>,
    pub(crate) limit: Option<usize>,
}

/// `StartReplay`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StartReplay {
    pub(crate) replay_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) event_source_arn: Option<String>,
    /// Seconds since 1970.
    pub(crate) event_start_time: Option<f64>,
    /// Seconds since 1970.
    pub(crate) event_end_time: Option<f64>,
    pub(crate) destination: Option<Destination>,
}

/// Where a replay goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Destination {
    pub(crate) arn: Option<String>,
    /// The rules that see the replay; all of them, where there is none.
    #[serde(default)]
    pub(crate) filter_arns: Vec<String>,
}

//! What states report when they fail.

use serde_json::{Map, Value, json};

/// The names of errors that Step Functions itself reports, and the wildcards for them.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>.
pub(crate) mod error_name {
    /// Any error that can be caught.
    pub(crate) const ALL: &str = "States.ALL";
    /// Too much data, where it can be caught: as the result of a task.
    pub(crate) const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
    /// Any error but a timeout.
    pub(crate) const TASK_FAILED: &str = "States.TaskFailed";
    /// A task took longer than it may.
    pub(crate) const TIMEOUT: &str = "States.Timeout";
    /// An expression failed.
    pub(crate) const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
    /// An error that nothing catches.
    pub(crate) const RUNTIME: &str = "States.Runtime";

    /// The names that begin with `States.` and can be matched here. Permissions are not checked,
    /// so nothing reports `States.Permissions`; but a definition for AWS may well name it.
    pub(crate) const OWN: [&str; 6] = [
        ALL,
        DATA_LIMIT_EXCEEDED,
        TASK_FAILED,
        TIMEOUT,
        QUERY_EVALUATION_ERROR,
        "States.Permissions",
    ];
}

/// An error that a state reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct StateError {
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
}

impl StateError {
    pub(crate) fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: Some(error.into()), cause: Some(cause.into()) }
    }

    pub(crate) fn timeout() -> Self {
        Self { error: Some(error_name::TIMEOUT.to_owned()), cause: None }
    }

    /// Whether `name`, of an `ErrorEquals`, is for this error.
    pub(crate) fn is(&self, name: &str) -> bool {
        match name {
            error_name::ALL => true,
            error_name::TASK_FAILED => self.error.as_deref() != Some(error_name::TIMEOUT),
            name => self.error.as_deref() == Some(name),
        }
    }

    /// What the API says of it: what is not there is left out.
    pub(crate) fn json(&self) -> Value {
        let members = [("error", &self.error), ("cause", &self.cause)];
        let given = members
            .into_iter()
            .filter_map(|(name, text)| text.as_ref().map(|text| (name.to_owned(), json!(text))));
        Value::Object(given.collect::<Map<_, _>>())
    }

    /// `$states.errorOutput`: both members are always there.
    pub(crate) fn output(&self) -> Value {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        json!({ "Error": text(&self.error), "Cause": text(&self.cause) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::StateError;

    #[test]
    fn wildcards_match_what_they_stand_for() {
        let refused = StateError::new("CardRefused", "no funds");
        for (name, is) in [
            ("States.ALL", true),
            ("States.TaskFailed", true),
            ("CardRefused", true),
            ("States.Timeout", false),
            ("Card", false),
        ] {
            assert_eq!(refused.is(name), is, "{name}");
        }
        let timeout = StateError::timeout();
        assert!(timeout.is("States.ALL") && timeout.is("States.Timeout"));
        assert!(!timeout.is("States.TaskFailed"));
    }

    #[test]
    fn an_error_without_a_cause_has_an_empty_one_for_expressions() {
        let timeout = StateError::timeout();
        assert_eq!(timeout.output(), json!({"Error": "States.Timeout", "Cause": ""}));
        assert_eq!(timeout.json(), json!({"error": "States.Timeout"}));
    }
}

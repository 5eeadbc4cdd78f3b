//! One event of a history, and its JSON.
//!
//! Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>.

use std::{collections::BTreeMap, sync::Arc};

use local_core::{REGION, moment::epoch};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{
    definition::StateType,
    state_error::{StateError, error_name},
};

/// One event of a history.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: u64,
    /// The event that this one followed from; 0 for none.
    pub(crate) previous: u64,
    pub(crate) at: OffsetDateTime,
    pub(crate) happening: Happening,
}

/// What happened. Inputs, outputs and parameters are JSON texts.
#[derive(Debug)]
pub(crate) enum Happening {
    ExecutionStarted {
        input: Arc<str>,
        role_arn: String,
    },
    ExecutionSucceeded {
        output: Arc<str>,
    },
    ExecutionFailed(StateError),
    ExecutionTimedOut,
    ExecutionAborted(StateError),
    StateEntered {
        state_type: StateType,
        name: String,
        input: Arc<str>,
    },
    StateExited {
        state_type: StateType,
        name: String,
        output: Arc<str>,
        assigned: BTreeMap<String, String>,
    },
    StateAborted(StateType),
    Task(TaskEvent),
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
    EvaluationFailed {
        state: String,
        location: String,
        cause: String,
    },
}

/// What happened in a task.
#[derive(Debug)]
pub(crate) enum TaskEvent {
    Scheduled { parameters: String, timeout_seconds: Option<u64> },
    Started,
    Succeeded { output: String },
    Failed(StateError),
    TimedOut(StateError),
}

impl Event {
    /// The event as the API has it, without inputs and outputs if `with_data` is false.
    pub(crate) fn json(&self, with_data: bool) -> Value {
        let (name, details) = self.happening.json(with_data);
        let mut event = json!({
            "timestamp": epoch(self.at),
            "type": name,
            "id": self.id,
            "previousEventId": self.previous,
        });
        if let Some((member, details)) = details {
            event[member] = details;
        }
        event
    }
}

/// A member of an event and its value.
type Details = Option<(&'static str, Value)>;

impl Happening {
    fn json(&self, with_data: bool) -> (String, Details) {
        let data = |name: &str, text: &str| data(name, text, with_data);
        let details = |member, details: Value| Some((member, details));
        let (name, details) = match self {
            Self::ExecutionStarted { input, role_arn } => {
                let mut started = data("input", input);
                started["roleArn"] = json!(role_arn);
                ("ExecutionStarted", details("executionStartedEventDetails", started))
            }
            Self::ExecutionSucceeded { output } => {
                let succeeded = data("output", output);
                ("ExecutionSucceeded", details("executionSucceededEventDetails", succeeded))
            }
            Self::ExecutionFailed(error) => {
                ("ExecutionFailed", details("executionFailedEventDetails", error.json()))
            }
            Self::ExecutionTimedOut => {
                ("ExecutionTimedOut", details("executionTimedOutEventDetails", json!({})))
            }
            Self::ExecutionAborted(error) => {
                ("ExecutionAborted", details("executionAbortedEventDetails", error.json()))
            }
            Self::StateEntered { state_type, name, input } => {
                let mut entered = data("input", input);
                entered["name"] = json!(name);
                let name = format!("{}StateEntered", state_type.name());
                return (name, details("stateEnteredEventDetails", entered));
            }
            Self::StateExited { state_type, name, output, assigned } => {
                let mut exited = data("output", output);
                exited["name"] = json!(name);
                if !assigned.is_empty() {
                    exited["assignedVariablesDetails"] = json!({ "truncated": false });
                    if with_data {
                        exited["assignedVariables"] = json!(assigned);
                    }
                }
                let name = format!("{}StateExited", state_type.name());
                return (name, details("stateExitedEventDetails", exited));
            }
            Self::StateAborted(state_type) => {
                return (format!("{}StateAborted", state_type.name()), None);
            }
            Self::Task(event) => event.json(with_data),
            Self::ParallelStateStarted => ("ParallelStateStarted", None),
            Self::ParallelStateSucceeded => ("ParallelStateSucceeded", None),
            Self::ParallelStateFailed => ("ParallelStateFailed", None),
            Self::EvaluationFailed { state, location, cause } => {
                let name = error_name::QUERY_EVALUATION_ERROR;
                let failed =
                    json!({"error": name, "cause": cause, "location": location, "state": state});
                ("EvaluationFailed", details("evaluationFailedEventDetails", failed))
            }
        };
        (name.to_owned(), details)
    }
}

impl TaskEvent {
    fn json(&self, with_data: bool) -> (&'static str, Details) {
        let (name, member, mut details) = match self {
            Self::Scheduled { parameters, timeout_seconds } => {
                // The API has the parameters even where inputs and outputs are left out.
                let mut scheduled = json!({ "region": REGION, "parameters": parameters });
                if let Some(seconds) = timeout_seconds {
                    scheduled["timeoutInSeconds"] = json!(seconds);
                }
                ("TaskScheduled", "taskScheduledEventDetails", scheduled)
            }
            Self::Started => ("TaskStarted", "taskStartedEventDetails", json!({})),
            Self::Succeeded { output } => {
                let succeeded = data("output", output, with_data);
                ("TaskSucceeded", "taskSucceededEventDetails", succeeded)
            }
            Self::Failed(error) => ("TaskFailed", "taskFailedEventDetails", error.json()),
            Self::TimedOut(error) => ("TaskTimedOut", "taskTimedOutEventDetails", error.json()),
        };
        details["resource"] = json!("invoke");
        details["resourceType"] = json!("lambda");
        (name, Some((member, details)))
    }
}

/// An input or an output, which is never cut off: nothing here is larger than may be shown.
fn data(name: &str, text: &str, with_data: bool) -> Value {
    let mut details = Map::new();
    if with_data {
        details.insert(name.to_owned(), json!(text));
        details.insert(format!("{name}Details"), json!({ "truncated": false }));
    }
    Value::Object(details)
}

//! The context object: what an execution knows about itself.
//!
//! Source: <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>.

use local_core::moment;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{definition::StateType, execution::Execution};

/// The state that asks.
pub(super) struct Asking<'a> {
    pub(super) name: &'a str,
    pub(super) state_type: StateType,
    pub(super) entered: OffsetDateTime,
    pub(super) retries: u64,
}

/// `$states.context`.
pub(super) fn context(execution: &Execution, asking: &Asking<'_>) -> Value {
    let machine = &execution.machine.spec;
    let mut state = json!({
        "EnteredTime": moment::to_millisecond(asking.entered),
        "Name": asking.name,
    });
    match asking.state_type {
        StateType::Parallel | StateType::Task => state["RetryCount"] = json!(asking.retries),
        StateType::Choice
        | StateType::Fail
        | StateType::Pass
        | StateType::Succeed
        | StateType::Wait => {}
    }
    json!({
        "Execution": {
            "Id": execution.arn,
            "Input": execution.input_value,
            "StartTime": moment::to_millisecond(execution.started),
            "Name": execution.name,
            "RoleArn": machine.role_arn,
            "RedriveCount": 0,
        },
        "StateMachine": { "Id": machine.arn(), "Name": machine.name },
        "State": state,
    })
}

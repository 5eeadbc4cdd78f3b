//! What is known of one execution, or one state machine.

use std::sync::Arc;

use local_core::moment::epoch;
use serde_json::{Value, json};

use super::{
    find_execution, find_machine,
    requests::{Describe, required},
};
use crate::{
    error::ApiError,
    execution::{End, Execution},
    state::Shared,
};

pub(super) fn execution(shared: &Shared, request: Describe) -> Result<Value, ApiError> {
    let arn = required("executionArn", request.execution_arn)?;
    all_data(request.included_data.as_deref())?;
    let execution = find_execution(shared, &arn)?;
    let mut description = summary(&execution);
    description["input"] = json!(*execution.input);
    description["inputDetails"] = json!({ "included": true });
    if let Some(header) = &execution.trace_header {
        description["traceHeader"] = json!(header);
    }
    let status = execution.status().as_str();
    let mut reason = Some(format!("Execution is {status} and cannot be redriven"));
    match execution.ending().map(|ending| ending.end) {
        None => {}
        Some(End::Succeeded(output)) => {
            description["output"] = json!(*output);
            description["outputDetails"] = json!({ "included": true });
        }
        Some(End::TimedOut) => reason = None,
        Some(End::Failed(error) | End::Aborted(error)) => {
            reason = None;
            for (name, text) in [("error", error.error), ("cause", error.cause)] {
                if let Some(text) = text {
                    description[name] = json!(text);
                }
            }
        }
    }
    description["redriveStatus"] =
        json!(if reason.is_some() { "NOT_REDRIVABLE" } else { "REDRIVABLE" });
    if let Some(reason) = reason {
        description["redriveStatusReason"] = json!(reason);
    }
    Ok(description)
}

/// What a list of executions says of one of them.
pub(super) fn summary(execution: &Arc<Execution>) -> Value {
    let mut summary = json!({
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine.spec.arn(),
        "name": execution.name,
        "status": "RUNNING",
        "startDate": epoch(execution.started),
        "redriveCount": 0,
    });
    if let Some(ending) = execution.ending() {
        summary["status"] = json!(ending.end.status().as_str());
        summary["stopDate"] = epoch(ending.at);
    }
    summary
}

pub(super) fn state_machine(shared: &Shared, request: Describe) -> Result<Value, ApiError> {
    let arn = required("stateMachineArn", request.state_machine_arn)?;
    all_data(request.included_data.as_deref())?;
    let machine = find_machine(shared, &arn)?;
    Ok(json!({
        "stateMachineArn": machine.spec.arn(),
        "name": machine.spec.name,
        "status": "ACTIVE",
        "definition": machine.spec.definition,
        "roleArn": machine.spec.role_arn,
        "type": "STANDARD",
        "creationDate": epoch(shared.created),
    }))
}

/// Nothing here is encrypted, so that there is no reason to leave anything out.
fn all_data(included: Option<&str>) -> Result<(), ApiError> {
    match included {
        None | Some("ALL_DATA") => Ok(()),
        Some(other) => {
            Err(ApiError::constraint("includedData", other, "Member must be ALL_DATA here"))
        }
    }
}

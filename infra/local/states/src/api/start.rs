//! Starting and stopping executions.

use std::{collections::btree_map::Entry, sync::Arc};

use local_core::moment::epoch;
use serde_json::{Value, json};

use super::{
    find_execution, find_machine,
    requests::{StartExecution, StopExecution, at_most, required},
};
use crate::{
    error::ApiError,
    execution::{End, Execution, Start},
    identity::uuid,
    limits::{DATA_BYTES_MAX, NAME_CHARACTERS_MAX},
    names::is_resource_name,
    run,
    state::Shared,
    state_error::StateError,
};

const TRACE_HEADER_BYTES_MAX: usize = 256;
const ERROR_BYTES_MAX: usize = 256;
const CAUSE_BYTES_MAX: usize = 32_768;

pub(super) fn start(shared: &Arc<Shared>, request: StartExecution) -> Result<Value, ApiError> {
    let execution = start_execution(shared, request)?;
    let (arn, started) = (&execution.arn, epoch(execution.started));
    Ok(json!({ "executionArn": arn, "startDate": started }))
}

/// Starts an execution, or finds the one that runs already.
pub(crate) fn start_execution(
    shared: &Arc<Shared>,
    request: StartExecution,
) -> Result<Arc<Execution>, ApiError> {
    let arn = required("stateMachineArn", request.state_machine_arn)?;
    check_name(request.name.as_deref())?;
    at_most("input", request.input.as_deref(), DATA_BYTES_MAX)?;
    at_most("traceHeader", request.trace_header.as_deref(), TRACE_HEADER_BYTES_MAX)?;
    let machine = find_machine(shared, &arn)?;
    let input = request.input.unwrap_or_else(|| "{}".to_owned());
    let input_value = parse_input(&input)?;
    let name = request.name.unwrap_or_else(|| uuid(&mut shared.random()));
    let now = shared.options.clock.now();
    let mut executions = shared.executions.lock();
    let place = executions.entry((machine.spec.name.clone(), name.clone()));
    if let Entry::Occupied(taken) = &place
        && !taken.get().is_forgotten(now)
    {
        let execution = Arc::clone(taken.get());
        let is_same = execution.ending().is_none() && *execution.input == *input;
        let arn = execution.arn.clone();
        let exists = ApiError::ExecutionAlreadyExists { arn };
        return if is_same { Ok(execution) } else { Err(exists) };
    }
    let execution = Arc::new(Execution::new(Start {
        name,
        number: shared.next_number(),
        machine,
        input: input.into(),
        input_value,
        trace_header: request.trace_header,
        at: now,
    }));
    place.insert_entry(Arc::clone(&execution));
    drop(executions);
    run::start(shared, &execution);
    Ok(execution)
}

fn check_name(name: Option<&str>) -> Result<(), ApiError> {
    let Some(name) = name else { return Ok(()) };
    let characters = name.chars().count();
    if characters == 0 {
        let rule = "Member must have length greater than or equal to 1";
        return Err(ApiError::constraint("name", name, rule));
    }
    if characters > NAME_CHARACTERS_MAX {
        let rule = format!("Member must have length less than or equal to {NAME_CHARACTERS_MAX}");
        return Err(ApiError::constraint("name", name, &rule));
    }
    if is_resource_name(name) {
        Ok(())
    } else {
        Err(ApiError::InvalidName { name: name.to_owned() })
    }
}

fn parse_input(input: &str) -> Result<Value, ApiError> {
    let invalid = |problem: String| ApiError::InvalidExecutionInput { problem };
    if input.trim().is_empty() {
        return Err(invalid("Invalid execution input.".to_owned()));
    }
    serde_json::from_str(input).map_err(|error| invalid(error.to_string()))
}

pub(super) fn stop(shared: &Arc<Shared>, request: StopExecution) -> Result<Value, ApiError> {
    let arn = required("executionArn", request.execution_arn)?;
    at_most("error", request.error.as_deref(), ERROR_BYTES_MAX)?;
    at_most("cause", request.cause.as_deref(), CAUSE_BYTES_MAX)?;
    let execution = find_execution(shared, &arn)?;
    let error = StateError { error: request.error, cause: request.cause };
    // It does not follow from anything that the states did.
    shared.end(&execution, 0, End::Aborted(error));
    let stopped = execution.ending().map(|ending| epoch(ending.at));
    Ok(json!({ "stopDate": stopped }))
}

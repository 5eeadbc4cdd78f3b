//! Step Functions over the AWS JSON 1.0 protocol.
//!
//! Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html>.

mod describe;
mod list;
mod pages;
mod requests;
mod start;

use std::sync::Arc;

use local_core::Bytes;
use serde_json::Value;

pub(crate) use self::{requests::StartExecution, start::start_execution};
use crate::{
    arn::{execution_of, machine_of},
    error::ApiError,
    execution::Execution,
    spec::Machine,
    state::Shared,
};

/// Carries out an operation of the API.
pub(crate) fn call(shared: &Arc<Shared>, operation: &str, body: &Bytes) -> Result<Value, ApiError> {
    match operation {
        "StartExecution" => start::start(shared, requests::read(body)?),
        "StopExecution" => start::stop(shared, requests::read(body)?),
        "DescribeExecution" => describe::execution(shared, requests::read(body)?),
        "GetExecutionHistory" => list::history(shared, requests::read(body)?),
        "ListExecutions" => list::executions(shared, requests::read(body)?),
        "DescribeStateMachine" => describe::state_machine(shared, requests::read(body)?),
        "ListStateMachines" => list::state_machines(shared, requests::read(body)?),
        other => Err(ApiError::UnknownOperation { operation: other.to_owned() }),
    }
}

fn find_machine(shared: &Shared, arn: &str) -> Result<Arc<Machine>, ApiError> {
    let found = machine_of(arn)?.and_then(|name| shared.machines.get(name));
    found.cloned().ok_or_else(|| ApiError::StateMachineDoesNotExist { arn: arn.to_owned() })
}

pub(crate) fn find_execution(shared: &Shared, arn: &str) -> Result<Arc<Execution>, ApiError> {
    let now = shared.options.clock.now();
    let key = execution_of(arn)?.map(|(machine, name)| (machine.to_owned(), name.to_owned()));
    let found = key.and_then(|key| shared.executions.lock().get(&key).cloned());
    found
        .filter(|execution| !execution.is_forgotten(now))
        .ok_or_else(|| ApiError::ExecutionDoesNotExist { arn: arn.to_owned() })
}

//! Lists: the events of an execution, the executions of a state machine, the state machines.

use std::sync::Arc;

use local_core::moment::epoch;
use serde_json::{Value, json};

use super::{
    describe::summary,
    find_execution, find_machine,
    pages::page,
    requests::{GetExecutionHistory, List, required},
};
use crate::{error::ApiError, execution::Execution, history::Event, state::Shared};

const STATUSES: [&str; 5] = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

pub(super) fn history(shared: &Shared, request: GetExecutionHistory) -> Result<Value, ApiError> {
    let arn = required("executionArn", request.execution_arn)?;
    let execution = find_execution(shared, &arn)?;
    let with_data = request.include_execution_data.unwrap_or(true);
    let item = |event: &Event| (event.id, event.json(with_data));
    execution.read_events(|events| {
        if request.reverse_order {
            page("events", events.iter().rev().map(item), &request.page)
        } else {
            page("events", events.iter().map(item), &request.page)
        }
    })
}

/// The executions of a state machine, the newest first.
pub(super) fn executions(shared: &Shared, request: List) -> Result<Value, ApiError> {
    for (member, given) in
        [("mapRunArn", &request.map_run_arn), ("redriveFilter", &request.redrive_filter)]
    {
        if let Some(given) = given {
            return Err(ApiError::constraint(
                member,
                given,
                "Member must be absent: there are no Map Runs",
            ));
        }
    }
    let status = request.status_filter.as_deref();
    if let Some(other) = status.filter(|status| !STATUSES.contains(status)) {
        let rule = format!("Member must satisfy enum value set: [{}]", STATUSES.join(", "));
        return Err(ApiError::constraint("statusFilter", other, &rule));
    }
    let arn = required("stateMachineArn", request.state_machine_arn)?;
    let machine = find_machine(shared, &arn)?;
    let now = shared.options.clock.now();
    let is_listed = |execution: &Arc<Execution>| {
        !execution.is_forgotten(now)
            && status.is_none_or(|status| status == execution.status().as_str())
    };
    let mut listed: Vec<_> = {
        let executions = shared.executions.lock();
        let of_machine = executions
            .range((machine.spec.name.clone(), String::new())..)
            .take_while(|((name, _), _)| *name == machine.spec.name);
        of_machine.map(|(_, execution)| execution).filter(|it| is_listed(it)).cloned().collect()
    };
    listed.sort_by_key(|execution| std::cmp::Reverse(execution.number));
    page("executions", listed.iter().map(|it| (it.number, summary(it))), &request.page)
}

pub(super) fn state_machines(shared: &Shared, request: List) -> Result<Value, ApiError> {
    let machines = shared.machines.values().zip(1..).map(|(machine, number)| {
        let summary = json!({
            "stateMachineArn": machine.spec.arn(),
            "name": machine.spec.name,
            "type": "STANDARD",
            "creationDate": epoch(shared.created),
        });
        (number, summary)
    });
    page("stateMachines", machines, &request.page)
}

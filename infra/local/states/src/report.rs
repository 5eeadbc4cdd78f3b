//! What is reported of an execution without the API.

use time::OffsetDateTime;

use crate::execution::{Execution, Status};

/// An execution at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionReport {
    /// The name of its state machine.
    pub state_machine: String,
    /// Its own name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// How far it has come.
    pub status: Status,
    /// Its state transitions so far, which is what AWS charges for: each state entered, those in
    /// branches included, and each retry.
    /// Source: <https://aws.amazon.com/step-functions/pricing/>.
    pub transitions: u64,
    /// When it was started.
    pub started: OffsetDateTime,
    /// When it ended, if it has.
    pub ended: Option<OffsetDateTime>,
}

impl ExecutionReport {
    pub(crate) fn of(execution: &Execution) -> Self {
        let ending = execution.ending();
        Self {
            state_machine: execution.machine.spec.name.clone(),
            name: execution.name.clone(),
            arn: execution.arn.clone(),
            status: ending.as_ref().map_or(Status::Running, |ending| ending.end.status()),
            transitions: execution.transitions(),
            started: execution.started,
            ended: ending.map(|ending| ending.at),
        }
    }
}

//! The operations on move tasks, which name queues by ARN.

use local_core::AwsError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{nonempty, object, required};
use crate::{
    limits,
    move_tasks::{MoveStatus, MoveTask},
    names::{queue_arn, queue_name_of_arn},
    sqs::Sqs,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartMove {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListMoves {
    source_arn: Option<String>,
    max_results: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CancelMove {
    task_handle: Option<String>,
}

impl Sqs {
    pub(super) fn on_start_move(&self, request: StartMove) -> Result<Value, AwsError> {
        let source = required(request.source_arn, "SourceArn")?;
        let destination = request.destination_arn.as_deref().map(queue_name_of_arn).transpose()?;
        let rate = request.max_number_of_messages_per_second;
        // What does not fit is out of range, which `start_move` refuses.
        let rate = rate.map(|rate| u32::try_from(rate).unwrap_or(0));
        let handle = self.start_move(queue_name_of_arn(&source)?, destination, rate)?;
        Ok(json!({"TaskHandle": handle}))
    }

    pub(super) fn on_list_moves(&self, request: ListMoves) -> Result<Value, AwsError> {
        const RESULTS: std::ops::RangeInclusive<i64> = 1..=10;
        let source = required(request.source_arn, "SourceArn")?;
        let max = request.max_results.unwrap_or(1);
        if !RESULTS.contains(&max) {
            return Err(limits::out_of_range("MaxResults", max, &RESULTS));
        }
        let tasks = self.moves(queue_name_of_arn(&source)?)?;
        let count = usize::try_from(max).unwrap_or(1);
        Ok(object([("Results", nonempty(tasks.iter().take(count).map(members).collect()))]))
    }

    pub(super) fn on_cancel_move(&self, request: CancelMove) -> Result<Value, AwsError> {
        let moved = self.cancel_move(&required(request.task_handle, "TaskHandle")?)?;
        Ok(json!({"ApproximateNumberOfMessagesMoved": moved}))
    }
}

fn members(task: &MoveTask) -> Value {
    let (status, reason) = match &task.status {
        MoveStatus::Running => ("RUNNING", None),
        MoveStatus::Completed => ("COMPLETED", None),
        MoveStatus::Cancelled => ("CANCELLED", None),
        MoveStatus::Failed(reason) => ("FAILED", Some(json!(reason))),
    };
    let handle = (task.status == MoveStatus::Running).then(|| json!(task.handle));
    let destination = task.destination.as_deref().map(|name| json!(queue_arn(name)));
    object([
        ("TaskHandle", handle),
        ("Status", Some(json!(status))),
        ("SourceArn", Some(json!(queue_arn(&task.source)))),
        ("DestinationArn", destination),
        ("MaxNumberOfMessagesPerSecond", task.rate.map(|rate| json!(rate))),
        ("ApproximateNumberOfMessagesMoved", Some(json!(task.moved))),
        ("ApproximateNumberOfMessagesToMove", Some(json!(task.to_move))),
        ("FailureReason", reason),
        ("StartedTimestamp", Some(json!(task.started_at_ms))),
    ])
}

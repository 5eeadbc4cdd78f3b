//! What a function is given.

use local_core::{ACCOUNT, REGION};
use serde_json::json;

use crate::spec::ScheduleSpec;

/// One try to invoke a function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    /// When the schedule was due, UTC, to the second.
    pub(crate) due: &'a str,
    /// Which try it is, from 1.
    pub(crate) number: u32,
    /// The id of the try.
    pub(crate) id: &'a str,
}

/// The schedule's own input with the keywords in it replaced, or the default event.
///
/// Keywords: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html>.
/// That there is a default event: <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html>.
/// Its form is not documented; its `detail` is a text, unlike that of a rule's scheduled event:
/// <https://github.com/aws/aws-lambda-dotnet/issues/1864>.
pub(crate) fn payload(schedule: &ScheduleSpec, attempt: Attempt<'_>) -> String {
    let Some(input) = &schedule.input else {
        let event = json!({
            "version": "0",
            "id": attempt.id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT,
            "time": attempt.due,
            "region": REGION,
            "resources": [schedule.arn],
            "detail": "{}",
        });
        return event.to_string();
    };
    input
        .replace("<aws.scheduler.schedule-arn>", &schedule.arn)
        .replace("<aws.scheduler.scheduled-time>", attempt.due)
        .replace("<aws.scheduler.execution-id>", attempt.id)
        .replace("<aws.scheduler.attempt-number>", &attempt.number.to_string())
}

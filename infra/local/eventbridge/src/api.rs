//! The operations that read or start something besides `PutEvents`.

use std::sync::Arc;

use local_core::{AwsError, Bytes};
use local_event_pattern::Pattern;
use serde_json::{Map, Value, json};

mod describe;
mod replays;

use crate::{
    put,
    requests::{self, TestEventPattern, constraint, required},
    state::Inner,
    topology::PATTERN_CHARACTERS_MAX,
    wildcard::{TOO_COMPLEX, too_complex},
};

/// Carries out an operation of the EventBridge API.
pub(crate) fn call(bus: &Arc<Inner>, operation: &str, body: &Bytes) -> Result<Value, AwsError> {
    match operation {
        "PutEvents" => put::put_events(bus, requests::read(body)?),
        "TestEventPattern" => test_event_pattern(requests::read(body)?),
        "ListEventBuses" => describe::event_buses(bus, requests::read(body)?),
        "DescribeEventBus" => describe::event_bus(bus, requests::read(body)?),
        "ListRules" => describe::rules(bus, requests::read(body)?),
        "DescribeRule" => describe::rule(bus, requests::read(body)?),
        "ListTargetsByRule" => describe::targets(bus, requests::read(body)?),
        "ListArchives" => describe::archives(bus, requests::read(body)?),
        "DescribeArchive" => describe::archive(bus, requests::read(body)?),
        "StartReplay" => replays::start(bus, requests::read(body)?),
        "DescribeReplay" => replays::describe(bus, requests::read(body)?),
        "CancelReplay" => replays::cancel(bus, requests::read(body)?),
        "ListReplays" => replays::list(bus, requests::read(body)?),
        other => Err(AwsError::unknown_operation(other)),
    }
}

/// The members that the event of `TestEventPattern` must have. The page names `resources` too,
/// which may be missing all the same.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html>.
const EVENT_MEMBERS: [&str; 6] = ["id", "account", "source", "time", "region", "detail-type"];

fn test_event_pattern(request: TestEventPattern) -> Result<Value, AwsError> {
    let pattern = required("eventPattern", request.event_pattern)?;
    let event = required("event", request.event)?;
    if pattern.chars().count() > PATTERN_CHARACTERS_MAX {
        let most =
            format!("Member must have length less than or equal to {PATTERN_CHARACTERS_MAX}");
        return Err(constraint("eventPattern", &pattern, &most));
    }
    let invalid = |reason: String| {
        let message = format!("Event pattern is not valid. Reason: {reason}");
        AwsError::client("InvalidEventPatternException", message)
    };
    let pattern: Value =
        serde_json::from_str(&pattern).map_err(|error| invalid(error.to_string()))?;
    if let Some(wildcard) = too_complex(&pattern) {
        return Err(invalid(format!("{TOO_COMPLEX}: {wildcard}")));
    }
    let pattern = Pattern::parse(&pattern).map_err(|error| invalid(error.to_string()))?;
    let event: Map<String, Value> = serde_json::from_str(&event)
        .map_err(|_| AwsError::validation("Parameter Event is not valid."))?;
    if let Some(missing) = EVENT_MEMBERS.iter().find(|name| !event.contains_key(**name)) {
        let message = format!("Parameter Event is not valid. Reason: {missing} is required.");
        return Err(AwsError::validation(message));
    }
    Ok(json!({ "Result": pattern.matches(&Value::Object(event)) }))
}

/// The error of a resource that is not there.
fn not_found(message: String) -> AwsError {
    AwsError::client("ResourceNotFoundException", message)
}

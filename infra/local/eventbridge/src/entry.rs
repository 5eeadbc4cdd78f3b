//! What `PutEvents` accepts.

use local_core::{AwsError, moment, request_id};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{
    arn::{DEFAULT_BUS, name_of},
    event::{Content, Event},
    requests::{Entry, PutEvents, constraint, required},
};

/// The entries of a request.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>.
const ENTRIES_MAX: usize = 10;
/// The entries of a request together stay below this many bytes.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size>.
const ENTRIES_BYTES: usize = 1024 * 1024;
/// What `Time` counts for in the size of an entry.
const TIME_BYTES: usize = 14;
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>.
const DETAIL_TYPE_CHARACTERS_MAX: usize = 128;
const TRACE_HEADER_CHARACTERS_MAX: usize = 500;

/// What one entry came to.
pub(crate) type Outcome = Result<String, Refusal>;

/// Why one entry of a request was not accepted; the others may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    fn argument(name: &str, reason: &str) -> Self {
        Self {
            code: "InvalidArgument",
            message: format!("Parameter {name} is not valid. Reason: {reason}."),
        }
    }

    fn missing(name: &str) -> Self {
        Self::argument(name, &format!("{name} is a required argument"))
    }

    /// Too much is under way: the caller tries again later.
    pub(crate) fn throttled() -> Self {
        Self { code: "ThrottlingException", message: "Rate exceeded".to_owned() }
    }
}

/// The entries of a request that can be looked at one by one.
pub(crate) fn entries(request: PutEvents) -> Result<Vec<Entry>, AwsError> {
    if request.endpoint_id.is_some() {
        return Err(AwsError::validation("EndpointId: there are no global endpoints here"));
    }
    let entries = required("entries", request.entries)?;
    if entries.is_empty() {
        let least = "Member must have length greater than or equal to 1";
        return Err(constraint("entries", "[]", least));
    }
    if entries.len() > ENTRIES_MAX {
        let most = "Member must have length less than or equal to 10";
        return Err(constraint("entries", "[PutEventsRequestEntry]", most));
    }
    let is_long = |it: &str| it.chars().count() > TRACE_HEADER_CHARACTERS_MAX;
    if let Some(header) =
        entries.iter().filter_map(|it| it.trace_header.as_deref()).find(|it| is_long(it))
    {
        let most = "Member must have length less than or equal to 500";
        return Err(constraint("entries.member.traceHeader", header, most));
    }
    if entries.iter().map(size).sum::<usize>() >= ENTRIES_BYTES {
        let message = "Total size of the entries in the request is over the limit.";
        return Err(AwsError::validation(message));
    }
    Ok(entries)
}

fn size(entry: &Entry) -> usize {
    let text = |it: &Option<String>| it.as_ref().map_or(0, String::len);
    entry.time.map_or(0, |_| TIME_BYTES)
        + text(&entry.source)
        + text(&entry.detail_type)
        + text(&entry.detail)
        + entry.resources.iter().flatten().map(String::len).sum::<usize>()
}

/// The name of the bus that an entry is for.
pub(crate) fn bus_name(entry: &Entry) -> &str {
    let named = entry.event_bus_name.as_deref().filter(|name| !name.is_empty());
    named.map_or(DEFAULT_BUS, |name| name_of("event-bus", name))
}

/// The event of an entry that arrived at `now`, and its id.
pub(crate) fn accept(entry: &Entry, now: OffsetDateTime) -> Result<(String, Event), Refusal> {
    fn given<'e>(name: &str, value: &'e Option<String>) -> Result<&'e str, Refusal> {
        let given = value.as_deref().filter(|value| !value.is_empty());
        given.ok_or_else(|| Refusal::missing(name))
    }
    let source = given("Source", &entry.source)?;
    let detail_type = given("DetailType", &entry.detail_type)?;
    let detail = given("Detail", &entry.detail)?;
    if detail_type.chars().count() > DETAIL_TYPE_CHARACTERS_MAX {
        let reason = "DetailType must not be longer than 128 characters";
        return Err(Refusal::argument("DetailType", reason));
    }
    if source.starts_with("aws.") {
        let message = "Not authorized for the source.".to_owned();
        return Err(Refusal { code: "NotAuthorizedForSourceException", message });
    }
    if serde_json::from_str::<Map<String, Value>>(detail).is_err() {
        let message = "Detail is malformed.".to_owned();
        return Err(Refusal { code: "MalformedDetail", message });
    }
    let time = match entry.time {
        Some(seconds) => moment::from_epoch(seconds)
            .ok_or_else(|| Refusal::argument("Time", "Time is out of range"))?,
        None => now,
    };
    let id = request_id();
    let resources = entry.resources.as_deref().unwrap_or_default();
    let event = Event::new(&Content { id: &id, detail_type, source, time, resources, detail });
    Ok((id, event))
}

/// The response of `PutEvents`: one element per entry, at the entry's index.
pub(crate) fn response(outcomes: Vec<Outcome>) -> Value {
    let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    let entries: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Ok(id) => json!({ "EventId": id }),
            Err(Refusal { code, message }) => json!({ "ErrorCode": code, "ErrorMessage": message }),
        })
        .collect();
    json!({ "FailedEntryCount": failed, "Entries": entries })
}

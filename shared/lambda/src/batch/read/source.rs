//! Which service an event is from.

use serde_json::{Map, Value};

use super::kind;

/// The field that holds the records.
const RECORDS: &str = "Records";
/// How many names of fields an error shows.
const NAMES_MAX: usize = 5;
/// How much of a name an error shows, in characters.
const NAME_CHARS_MAX: usize = 60;

/// The event is of another source than this function is for. It must fail the invocation: most
/// sources take any answer for a success, and the event would be lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an event of {found} came, but records of {expected} are expected here: \
     check what invokes this function"
)]
pub struct WrongSource {
    /// Where the event is from, as far as it shows that.
    pub found: String,
    /// What the function reads, e.g. `aws:sqs`.
    pub expected: &'static str,
}

/// The source that an event names, if it names one in a way that is known here: of its records
/// (`aws:sqs`, `aws:sns`), or of the whole (EventBridge, API Gateway, a load balancer).
pub fn event_source(event: &Map<String, Value>) -> Option<String> {
    let of_records = || event.get(RECORDS)?.as_array()?.iter().find_map(record_source);
    of_records().or_else(|| text(event, "eventSource").map(shown)).or_else(|| of_whole(event))
}

/// The source of an event that has no records, or whose records name none.
fn of_whole(event: &Map<String, Value>) -> Option<String> {
    let has = |name: &str| event.contains_key(name);
    if let (Some(source), Some(detail)) = (text(event, "source"), text(event, "detail-type")) {
        return Some(format!("EventBridge ({}, {})", shown(source), shown(detail)));
    }
    if let Some(Value::Object(context)) = event.get("requestContext") {
        let balancer = context.contains_key("elb");
        let name =
            if balancer { "Application Load Balancer" } else { "API Gateway or a function URL" };
        return Some(name.to_owned());
    }
    let known = [
        ("awslogs", "CloudWatch Logs"),
        ("deliveryStreamArn", "Data Firehose"),
        ("triggerSource", "Cognito"),
        ("invokingEvent", "AWS Config"),
        ("CodePipeline.job", "CodePipeline"),
        ("RequestType", "CloudFormation"),
    ];
    known.into_iter().find(|(field, _)| has(field)).map(|(_, source)| source.to_owned())
}

/// The source that a record names, or its ARN.
pub(super) fn record_source(record: &Value) -> Option<String> {
    let Value::Object(record) = record else { return None };
    let named = text(record, "eventSource").or_else(|| text(record, "EventSource"));
    if let Some(named) = named.filter(|it| !it.is_empty()) {
        return Some(shown(named));
    }
    if record.contains_key("cf") {
        return Some("CloudFront".to_owned());
    }
    let mut arn = text(record, "eventSourceARN")?.split(':');
    (arn.next() == Some("arn"))
        .then(|| arn.nth(1))
        .flatten()
        .map(|service| shown(&format!("aws:{service}")))
}

/// The records of an event of `expected`.
///
/// A batch of none is one of any source. Of a batch with some, none may name another source, and
/// one has to be known by `is_known` if no record names any.
pub(super) fn records_of(
    event: Value,
    expected: &'static str,
    is_known: impl Fn(&Value) -> bool,
) -> Result<Vec<Value>, WrongSource> {
    let wrong = |found: String| WrongSource { found, expected };
    let Value::Object(mut event) = event else {
        return Err(wrong(format!("no source ({})", kind(&event))));
    };
    let records = match event.remove(RECORDS) {
        Some(Value::Array(records)) => records,
        _ => return Err(wrong(event_source(&event).unwrap_or_else(|| unnamed(&event)))),
    };
    let sources = || records.iter().filter_map(record_source);
    if let Some(other) = sources().find(|source| source != expected) {
        return Err(wrong(other));
    }
    let is_one = records.is_empty() || sources().next().is_some() || records.iter().any(is_known);
    is_one.then_some(records).ok_or_else(|| wrong("no source (its records name none)".to_owned()))
}

/// An event that names no source, by the names of its fields.
fn unnamed(event: &Map<String, Value>) -> String {
    let names: Vec<String> = event.keys().take(NAMES_MAX).map(|name| shown(name)).collect();
    match &names[..] {
        [] => "no source (an object without records)".to_owned(),
        names => format!("no source (an object without records, but with {})", names.join(", ")),
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

/// A name from outside, short and on one line.
fn shown(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).flat_map(char::escape_debug).collect()
}

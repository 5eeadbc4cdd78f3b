//! What `ListEventSourceMappings` and `GetEventSourceMapping` tell of the mappings.
//! Source: <https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html>.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use local_core::{AwsError, Clock, Protocol, uuid};
use serde_json::{Value, json};

use super::EventSourceMapping;

const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
/// The most mappings of one page.
const PAGE_MAX: usize = 100;

/// A mapping as clients are told of it.
#[derive(Debug, Clone)]
pub struct MappingDescription {
    /// The ARN of the queue or stream.
    pub source_arn: String,
    /// The ARN of the function.
    pub function_arn: String,
    /// The most records in one invocation.
    pub batch_size: u32,
    /// How long records are gathered before an invocation.
    pub batching_window: Duration,
    /// The mapping; none if it is disabled.
    pub running: Option<EventSourceMapping>,
}

impl MappingDescription {
    /// The same for the same source and function, from one run to the next.
    fn uuid(&self) -> String {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, &self.source_arn, &self.function_arn).hash(&mut hasher);
            u128::from(hasher.finish())
        };
        uuid(half(0) << 64 | half(1))
    }

    /// Whether `function` is the mapping's, as a name, an ARN or a part of one.
    fn is_of(&self, function: &str) -> bool {
        let name = |text: &str| text.rsplit("function:").next().unwrap_or(text).to_owned();
        name(&self.function_arn) == name(function)
    }

    fn json(&self, created: f64) -> Value {
        let state = if self.running.is_some() { "Enabled" } else { "Disabled" };
        let mut mapping = json!({
            "UUID": self.uuid(),
            "EventSourceArn": self.source_arn,
            "FunctionArn": self.function_arn,
            "BatchSize": self.batch_size,
            "MaximumBatchingWindowInSeconds": self.batching_window.as_secs(),
            "State": state,
            "StateTransitionReason": "USER_INITIATED",
            "LastModified": created,
        });
        // Lambda tells of streams alone how the last batch ended.
        if let (Some(running), true) = (&self.running, self.source_arn.contains(":dynamodb:")) {
            let counters = running.counters();
            let result = match (counters.batches, counters.last_failed) {
                (0, _) => "No records processed",
                (_, false) => "OK",
                (_, true) => "PROBLEM: Function call failed",
            };
            mapping["LastProcessingResult"] = json!(result);
        }
        mapping
    }
}

struct Mappings {
    mappings: Vec<MappingDescription>,
    created: f64,
}

/// The operations that read mappings, for the same server as
/// [`LambdaHost::router`](crate::LambdaHost::router).
pub fn router(mappings: Vec<MappingDescription>) -> Router {
    let created = Clock::system().since_epoch().as_secs_f64();
    Router::new()
        .route(MAPPINGS, get(list))
        .route(&format!("{MAPPINGS}/"), get(list))
        .route(&format!("{MAPPINGS}/{{uuid}}"), get(one))
        .with_state(Arc::new(Mappings { mappings, created }))
}

/// What is asked for in the query of a list.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    function: Option<String>,
    source_arn: Option<String>,
    from: usize,
    count: usize,
}

impl Wanted {
    fn parse(query: &BTreeMap<String, String>) -> Result<Self, AwsError> {
        let mut wanted = Self { count: PAGE_MAX, ..Self::default() };
        for (name, value) in query {
            let number = || value.parse::<usize>().map_err(|_| invalid(name, value));
            match name.as_str() {
                "FunctionName" => wanted.function = Some(value.clone()),
                "EventSourceArn" => wanted.source_arn = Some(value.clone()),
                "Marker" => wanted.from = number()?,
                "MaxItems" => match number()? {
                    0 => return Err(invalid(name, value)),
                    count => wanted.count = count.min(PAGE_MAX),
                },
                _ => {}
            }
        }
        Ok(wanted)
    }
}

fn invalid(name: &str, value: &str) -> AwsError {
    AwsError::client("InvalidParameterValueException", format!("{value:?} is no {name}"))
}

async fn list(
    State(state): State<Arc<Mappings>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let wanted = match Wanted::parse(&query) {
        Ok(wanted) => wanted,
        Err(error) => return Protocol::RestJson.refusal(&error),
    };
    let is_wanted = |mapping: &&MappingDescription| {
        wanted.function.as_ref().is_none_or(|it| mapping.is_of(it))
            && wanted.source_arn.as_ref().is_none_or(|it| *it == mapping.source_arn)
    };
    let found: Vec<_> = state.mappings.iter().filter(is_wanted).skip(wanted.from).collect();
    let page = found.iter().take(wanted.count).map(|it| it.json(state.created));
    let mut answer = json!({ "EventSourceMappings": page.collect::<Vec<_>>() });
    if found.len() > wanted.count {
        answer["NextMarker"] = json!((wanted.from + wanted.count).to_string());
    }
    Json(answer).into_response()
}

async fn one(State(state): State<Arc<Mappings>>, Path(uuid): Path<String>) -> Response {
    let found = state.mappings.iter().find(|it| it.uuid() == uuid);
    found.map_or_else(
        || {
            let message = "The resource you requested does not exist.";
            let error = AwsError::client("ResourceNotFoundException", message);
            let status = StatusCode::NOT_FOUND.as_u16();
            Protocol::RestJson.refusal(&AwsError { status, ..error })
        },
        |mapping| Json(mapping.json(state.created)).into_response(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_and_what_is_no_number_refused() {
        let parse = |query: &[(&str, &str)]| {
            let query = query.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            Wanted::parse(&query.collect())
        };
        let wanted = parse(&[("FunctionName", "probe"), ("MaxItems", "3"), ("Marker", "6")]);
        let wanted = wanted.unwrap();
        assert_eq!((wanted.function.as_deref(), wanted.count), (Some("probe"), 3));
        assert_eq!(wanted.from, 6);
        assert_eq!(parse(&[]).unwrap().count, PAGE_MAX);
        for wrong in [("MaxItems", "0"), ("MaxItems", "x"), ("Marker", "-1")] {
            assert_eq!(parse(&[wrong]).unwrap_err().code, "InvalidParameterValueException");
        }
    }
}

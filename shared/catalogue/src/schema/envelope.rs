//! The envelope as a schema sees it. A test holds it to what [`event_envelope`] reads and writes.
#![expect(dead_code, reason = "a shape, of which there are no values")]

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::Id;

/// An event and everything known about it. Events of version 1 lack some of these; readers derive
/// them.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(super) struct Envelope {
    /// The same for every copy of this event.
    event_id: Id,
    /// What kind of thing happened, e.g. `OrderCreated`.
    #[schemars(length(min = 1, max = 128))]
    event_type: String,
    /// The shape of `data`: major and minor version.
    #[schemars(regex(pattern = r"^[0-9]{1,5}\.[0-9]{1,5}$"))]
    event_version: String,
    /// When it happened.
    #[schemars(extend("format" = "date-time"))]
    timestamp: String,
    /// The service that says so.
    #[schemars(length(min = 1, max = 256))]
    source: String,
    /// The same for all events that follow from one command.
    correlation_id: Id,
    /// The event that led to this one. Left out: a command did.
    causation_id: Option<Id>,
    /// The thing whose history this event belongs to.
    aggregate_id: Id,
    /// The event's place in the history that `source` keeps of the aggregate, counted from 1
    /// without gaps.
    #[schemars(range(min = 1))]
    sequence_number: u64,
    /// What happened.
    data: Map<String, Value>,
    /// The circumstances.
    metadata: Option<Metadata>,
}

/// The circumstances of an event.
#[derive(JsonSchema)]
struct Metadata {
    /// Who caused it, by an id that names no person.
    actor: Option<String>,
    /// Why, where somebody said so.
    reason: Option<String>,
    /// The trace it belongs to, as a W3C `traceparent`.
    traceparent: Option<String>,
    /// How many events stand between the command and this one.
    #[schemars(default)]
    depth: u32,
}

//! From what really arrives to an envelope: an EventBridge event, an SNS notification of one, or
//! the bare envelope.

use serde_json::{Map, Value, json};

use crate::{
    AggregateId, CorrelationId, Envelope, EventId, Version, canonical, strict,
    strict::{Limits, StrictError},
    timestamp::assume_utc,
};

/// An event as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery<E = ()> {
    /// The envelope, brought up to the current form.
    pub envelope: Envelope<Value>,
    /// The event in its type.
    pub event: E,
    /// The replay that sent it, when it is not live: EventBridge's `replay-name`.
    pub replay: Option<String>,
}

/// An event type that can be read from an envelope, older versions included.
pub trait FromEnvelope: Sized {
    /// Reads the event.
    ///
    /// # Errors
    ///
    /// When the type or its major version is unknown, or the data does not fit.
    fn from_envelope(envelope: &Envelope<Value>) -> Result<Self, DecodeError>;
}

impl FromEnvelope for () {
    fn from_envelope(_: &Envelope<Value>) -> Result<Self, DecodeError> {
        Ok(())
    }
}

/// Why a body is not an event that can be handled. None of these gets better by trying again.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The body is not JSON that can be taken.
    #[error("body: {0}")]
    Body(#[from] StrictError),
    /// A field is missing, or not what it should be.
    #[error("{field}: {reason}")]
    Field {
        /// The field, as a path.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The entry on the bus and the envelope in it disagree.
    #[error("{field} is {envelope:?} in the envelope but {entry:?} on the bus")]
    Disagreement {
        /// The field.
        field: &'static str,
        /// What the envelope says.
        envelope: String,
        /// What the bus says.
        entry: String,
    },
    /// Nobody here knows this type.
    #[error("event type {0:?} is unknown here")]
    UnknownType(String),
    /// The version is newer than this code.
    #[error(
        "{event_type} {version} is newer than the {known} known here: deploy the newer code, then redrive"
    )]
    UnknownVersion {
        /// The type.
        event_type: String,
        /// Its version.
        version: Version,
        /// The newest version this code reads.
        known: Version,
    },
}

impl DecodeError {
    /// A field that is missing or wrong.
    pub fn field(field: impl Into<String>, reason: impl ToString) -> Self {
        Self::Field { field: field.into(), reason: reason.to_string() }
    }
}

/// Reads bodies.
///
/// Events of major version 1 came without some of the envelope's fields; `Decoder` derives these
/// from what is there, the same way every time, so that a duplicate is still seen as one.
#[derive(Debug, Clone, Copy)]
pub struct Decoder {
    aggregate_field: &'static str,
    limits: Limits,
}

impl Decoder {
    /// Reads events of version 1 whose aggregate is named by the field `aggregate_field` of their
    /// data.
    pub const fn new(aggregate_field: &'static str) -> Self {
        let limits = Limits { bytes_max: 256 * 1024, depth_max: 32, length_max: 10_000 };
        Self { aggregate_field, limits }
    }

    /// Reads the body of a message, or the payload of an invocation.
    ///
    /// # Errors
    ///
    /// When it is not an event that can be handled; the message is poison.
    pub fn decode<E: FromEnvelope>(&self, body: &[u8]) -> Result<Delivery<E>, DecodeError> {
        let delivery = self.unwrap(strict::parse(body, self.limits)?, true)?;
        let event = E::from_envelope(&delivery.envelope)?;
        Ok(Delivery { envelope: delivery.envelope, event, replay: delivery.replay })
    }

    fn unwrap(&self, body: Value, outermost: bool) -> Result<Delivery, DecodeError> {
        let Value::Object(mut body) = body else {
            return Err(DecodeError::field("body", "not a JSON object"));
        };
        if outermost && body.get("Type").is_some_and(|it| it == "Notification") {
            let message = text(&body, "Message")?;
            return self.unwrap(strict::parse(message.as_bytes(), self.limits)?, false);
        }
        if !body.contains_key("detail-type") {
            let envelope = self.envelope(body, None)?;
            return Ok(Delivery { envelope, event: (), replay: None });
        }
        let entry =
            Entry { source: text(&body, "source")?, detail_type: text(&body, "detail-type")? };
        let replay = body.get("replay-name").and_then(Value::as_str).map(str::to_owned);
        let Some(Value::Object(detail)) = body.remove("detail") else {
            return Err(DecodeError::field("detail", "not a JSON object"));
        };
        let time = body.get("time").cloned();
        let envelope = self.envelope(detail, Some((&entry, time)))?;
        entry.agrees_with(&envelope)?;
        Ok(Delivery { envelope, event: (), replay })
    }

    fn envelope(
        &self,
        mut detail: Map<String, Value>,
        entry: Option<(&Entry, Option<Value>)>,
    ) -> Result<Envelope, DecodeError> {
        if self.is_version_1(&detail)? {
            detail = self.complete(detail, entry)?;
        }
        read(detail)
    }

    /// The book's events: version 1.x, or flat ones with no version and no data at all.
    fn is_version_1(&self, detail: &Map<String, Value>) -> Result<bool, DecodeError> {
        match detail.get("eventVersion") {
            Some(Value::String(version)) => {
                let version: Version =
                    version.parse().map_err(|error| DecodeError::field("eventVersion", error))?;
                Ok(version.major == 1)
            }
            Some(_) => Err(DecodeError::field("eventVersion", "not a string")),
            None => Ok(!detail.contains_key("data") && detail.contains_key(self.aggregate_field)),
        }
    }

    /// Fills in what events of version 1 leave out.
    fn complete(
        &self,
        mut old: Map<String, Value>,
        entry: Option<(&Entry, Option<Value>)>,
    ) -> Result<Map<String, Value>, DecodeError> {
        let content = canonical(&Value::Object(old.clone()));
        let source = entry.as_ref().map_or_else(String::new, |(entry, _)| entry.source.clone());
        let mut new: Map<String, Value> =
            FIELDS.iter().filter_map(|field| old.remove_entry(*field)).collect();
        if let Some((entry, time)) = entry {
            new.entry("source").or_insert_with(|| entry.source.clone().into());
            new.entry("eventType").or_insert_with(|| entry.detail_type.clone().into());
            new.entry("timestamp").or_insert(time.unwrap_or_default());
        }
        let metadata = old.remove("metadata").unwrap_or_default();
        // Flat events carry their data beside the fields of the envelope.
        let data = new.entry("data").or_insert(Value::Object(old));
        let aggregate =
            data[self.aggregate_field].as_str().map(str::to_owned).ok_or_else(|| {
                DecodeError::field(
                    format!("data.{}", self.aggregate_field),
                    "missing, or not a string",
                )
            })?;
        new.entry("eventVersion").or_insert_with(|| "1.0".into());
        new.entry("eventId").or_insert_with(|| {
            EventId::of_content(&[source.as_bytes(), content.as_bytes()]).as_str().into()
        });
        new.entry("correlationId").or_insert_with(|| CorrelationId::of(&aggregate).as_str().into());
        // Each of version 1's types was the first that its service said of an order.
        new.entry("sequenceNumber").or_insert_with(|| 1.into());
        new.entry("aggregateId").or_insert_with(|| aggregate.into());
        if let Some(utc) = new.get("timestamp").and_then(Value::as_str).and_then(assume_utc) {
            new.insert("timestamp".to_owned(), utc.into());
        }
        // Version 1 kept network addresses here: only the id of the actor goes on.
        new.insert("metadata".to_owned(), json!({ "actor": metadata.get("userId") }));
        Ok(new)
    }
}

/// The fields that an envelope of version 1 may have.
const FIELDS: &[&str] = &[
    "eventId",
    "eventType",
    "eventVersion",
    "timestamp",
    "source",
    "correlationId",
    "causationId",
    "aggregateId",
    "sequenceNumber",
    "data",
];

/// What the bus knows of an event.
struct Entry {
    source: String,
    detail_type: String,
}

impl Entry {
    /// Rules route by what the entry says, handlers act on what the envelope says: they must not
    /// differ.
    fn agrees_with(&self, envelope: &Envelope) -> Result<(), DecodeError> {
        for (field, in_envelope, on_bus) in [
            ("eventType", &envelope.event_type, &self.detail_type),
            ("source", &envelope.source, &self.source),
        ] {
            if in_envelope != on_bus {
                return Err(DecodeError::Disagreement {
                    field,
                    envelope: in_envelope.clone(),
                    entry: on_bus.clone(),
                });
            }
        }
        Ok(())
    }
}

fn text(object: &Map<String, Value>, field: &str) -> Result<String, DecodeError> {
    let value = object.get(field).ok_or_else(|| DecodeError::field(field, "missing"))?;
    value.as_str().map(str::to_owned).ok_or_else(|| DecodeError::field(field, "not a string"))
}

/// Reads the fields one by one, so that an error names the one that is wrong.
fn read(mut detail: Map<String, Value>) -> Result<Envelope, DecodeError> {
    for field in FIELDS.iter().filter(|field| **field != "causationId") {
        if detail.get(*field).is_none_or(Value::is_null) {
            return Err(DecodeError::field(*field, "missing"));
        }
    }
    for field in ["eventId", "correlationId", "causationId", "aggregateId"] {
        if let Some(id) = detail.get(field).filter(|it| !it.is_null()) {
            let id = id.as_str().ok_or_else(|| DecodeError::field(field, "not a string"))?;
            AggregateId::parse(id).map_err(|error| DecodeError::field(field, error))?;
        }
    }
    if detail.get("sequenceNumber").and_then(Value::as_u64).is_none_or(|number| number == 0) {
        return Err(DecodeError::field("sequenceNumber", "not a whole number from 1"));
    }
    let data = detail.insert("data".to_owned(), Value::Null).unwrap_or_default();
    let envelope: Envelope = serde_json::from_value(Value::Object(detail))
        .map_err(|error| DecodeError::field("envelope", error))?;
    Ok(envelope.with_data(data))
}

#[cfg(test)]
mod tests;

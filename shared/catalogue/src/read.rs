//! From an envelope to an event of the catalogue, in whatever version it was published.

use event_envelope::{DecodeError, Envelope, FromEnvelope, Version};
use serde_json::Value;

use crate::{Entry, Event, data::Data};

impl FromEnvelope for Event {
    fn from_envelope(envelope: &Envelope<Value>) -> Result<Self, DecodeError> {
        let entry = Entry::of(&envelope.event_type)
            .ok_or_else(|| DecodeError::UnknownType(envelope.event_type.clone()))?;
        if envelope.source != entry.source {
            let reason = format!("{:?}, but only {} publishes this", envelope.source, entry.source);
            return Err(DecodeError::field("source", reason));
        }
        let version = envelope.event_version;
        let event = Self::read(entry.event_type, &Data { version, value: &envelope.data })?
            .ok_or_else(|| unknown(entry, version))?;
        if !entry.event_type.starts_with("Notification")
            && *event.order_id() != envelope.aggregate_id
        {
            return Err(DecodeError::Disagreement {
                field: "data.orderId",
                envelope: envelope.aggregate_id.to_string(),
                entry: event.order_id().to_string(),
            });
        }
        Ok(event)
    }
}

/// A major version that the type does not have: not yet, or not ever.
fn unknown(entry: Entry, version: Version) -> DecodeError {
    let event_type = entry.event_type.to_owned();
    if version > entry.version {
        return DecodeError::UnknownVersion { event_type, version, known: entry.version };
    }
    DecodeError::field("eventVersion", format!("{event_type} has no version {}", version.major))
}

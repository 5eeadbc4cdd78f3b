//! From JSON to an envelope, field by field, so that an error names the field that is wrong.

use serde_json::{Map, Value};

use crate::{
    AggregateId, CorrelationId, DecodeError, Envelope, EventId, InvalidId, Metadata, Version,
    strict::{self, Limits},
    timestamp,
};

/// The longest event type, in characters: what EventBridge takes as a detail type.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>.
const TYPE_CHARS_MAX: usize = 128;
/// The longest source, in characters.
const SOURCE_CHARS_MAX: usize = 256;

impl Envelope<Value> {
    /// Reads an event that was written with [`to_json`](Self::to_json), here or elsewhere.
    ///
    /// Unlike serde's own reading, this refuses a key that is there twice, a number for a text, a
    /// place in history below 1, and what breaks [`Limits::default`]. Fields that an envelope does
    /// not have are ignored, so that an older reader can read what a newer writer writes.
    ///
    /// ```
    /// use event_envelope::Envelope;
    ///
    /// let error = Envelope::from_json(br#"{"eventId": 7}"#).unwrap_err();
    /// assert_eq!(error.to_string(), "eventId: not a string");
    /// ```
    ///
    /// # Errors
    ///
    /// When it is not such an event; it will never be one, so the caller should dead-letter it.
    pub fn from_json(text: &[u8]) -> Result<Self, DecodeError> {
        let limits = Limits::default();
        let Value::Object(fields) = strict::parse(text, limits)? else {
            return Err(DecodeError::field("body", "not a JSON object"));
        };
        envelope(fields, limits.depth_max)
    }
}

/// Reads the envelope with these `fields`, which has at most `depth_max` levels.
pub(crate) fn envelope(
    mut fields: Map<String, Value>,
    depth_max: usize,
) -> Result<Envelope, DecodeError> {
    let envelope = Envelope {
        event_id: id(&fields, "eventId", EventId::parse)?,
        event_type: name(&fields, "eventType", TYPE_CHARS_MAX)?,
        event_version: version(&fields)?,
        timestamp: timestamp::parse(text(&fields, "timestamp")?)
            .map_err(|error| DecodeError::field("timestamp", error))?,
        source: name(&fields, "source", SOURCE_CHARS_MAX)?,
        correlation_id: id(&fields, "correlationId", CorrelationId::parse)?,
        causation_id: match fields.get("causationId") {
            None | Some(Value::Null) => None,
            Some(_) => Some(id(&fields, "causationId", EventId::parse)?),
        },
        aggregate_id: id(&fields, "aggregateId", AggregateId::parse)?,
        sequence_number: required(&fields, "sequenceNumber")?
            .as_u64()
            .filter(|number| *number > 0)
            .ok_or_else(|| DecodeError::field("sequenceNumber", "not a whole number from 1"))?,
        metadata: metadata(fields.remove("metadata").unwrap_or_default())?,
        data: (),
    };
    required(&fields, "data")?;
    let data = fields.remove("data").unwrap_or_default();
    // The envelope is a level of its own.
    if deeper_than(&data, depth_max.saturating_sub(1)) {
        let reason = format!("more than {} levels deep", depth_max.saturating_sub(1));
        return Err(DecodeError::field("data", reason));
    }
    Ok(envelope.with_data(data))
}

/// The version of the event, if it has one.
pub(crate) fn version(fields: &Map<String, Value>) -> Result<Version, DecodeError> {
    let version = text(fields, "eventVersion")?.parse();
    version.map_err(|error| DecodeError::field("eventVersion", error))
}

/// The text in `field`.
pub(crate) fn text<'a>(
    fields: &'a Map<String, Value>,
    field: &str,
) -> Result<&'a str, DecodeError> {
    required(fields, field)?.as_str().ok_or_else(|| DecodeError::field(field, "not a string"))
}

fn required<'a>(fields: &'a Map<String, Value>, field: &str) -> Result<&'a Value, DecodeError> {
    let value = fields.get(field).filter(|value| !value.is_null());
    value.ok_or_else(|| DecodeError::field(field, "missing"))
}

fn name(fields: &Map<String, Value>, field: &str, chars_max: usize) -> Result<String, DecodeError> {
    let name = text(fields, field)?;
    if (1..=chars_max).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(DecodeError::field(field, format!("not 1 to {chars_max} characters")))
    }
}

fn id<T>(
    fields: &Map<String, Value>,
    field: &str,
    parse: impl FnOnce(String) -> Result<T, InvalidId>,
) -> Result<T, DecodeError> {
    let text = text(fields, field)?.to_owned();
    parse(text).map_err(|error| DecodeError::field(field, error))
}

fn metadata(metadata: Value) -> Result<Metadata, DecodeError> {
    let fields = match metadata {
        Value::Object(fields) => fields,
        Value::Null => return Ok(Metadata::default()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(DecodeError::field("metadata", "not a JSON object"));
        }
    };
    let text = |field: &str| match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(DecodeError::field(format!("metadata.{field}"), "not a string")),
    };
    let depth = match fields.get("depth") {
        None => 0,
        Some(depth) => {
            depth.as_u64().and_then(|depth| u32::try_from(depth).ok()).ok_or_else(|| {
                DecodeError::field("metadata.depth", "not a whole number, or far too large")
            })?
        }
    };
    Ok(Metadata {
        actor: text("actor")?,
        reason: text("reason")?,
        traceparent: text("traceparent")?,
        depth,
    })
}

/// Whether arrays and objects are nested in `value` on more than `levels` levels.
fn deeper_than(value: &Value, levels: usize) -> bool {
    let Some(inside) = levels.checked_sub(1) else {
        return value.is_array() || value.is_object();
    };
    match value {
        Value::Array(elements) => elements.iter().any(|element| deeper_than(element, inside)),
        Value::Object(members) => members.values().any(|member| deeper_than(member, inside)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn current() -> Value {
        json!({
            "eventId": "evt_1", "eventType": "OrderPaid", "eventVersion": "2.0",
            "timestamp": "2025-11-17T10:30:00Z", "source": "order-service",
            "correlationId": "corr_1", "causationId": "evt_0",
            "aggregateId": "order-1", "sequenceNumber": 2,
            "data": { "orderId": "order-1" }, "metadata": { "actor": "user-1", "depth": 3 }
        })
    }

    fn read(event: &Value) -> Result<Envelope, DecodeError> {
        Envelope::from_json(event.to_string().as_bytes())
    }

    #[track_caller]
    fn refuse(event: &Value, reason: &str) {
        assert_eq!(read(event).unwrap_err().to_string(), reason);
    }

    #[test]
    fn what_was_written_is_read() {
        let envelope = read(&current()).unwrap();
        assert_eq!(json!(envelope), current());
        assert_eq!(serde_json::from_value::<Envelope>(current()).unwrap(), envelope);
    }

    #[test]
    fn what_an_envelope_does_not_have_is_passed_over() {
        let mut event = current();
        event["futureField"] = json!([1]);
        event["metadata"]["futureField"] = json!({});
        assert_eq!(json!(read(&event).unwrap()), current());
    }

    #[test]
    fn what_may_be_missing_may_also_be_null() {
        for missing in [false, true] {
            let mut event = current();
            for field in ["causationId", "metadata"] {
                event[field] = Value::Null;
                if missing {
                    event.as_object_mut().unwrap().remove(field);
                }
            }
            let envelope = read(&event).unwrap();
            assert_eq!(envelope.causation_id, None);
            assert_eq!(envelope.metadata, Metadata::default());
        }
    }

    #[test]
    fn a_field_that_is_missing_is_named() {
        for field in current().as_object().unwrap().keys() {
            if field == "causationId" || field == "metadata" {
                continue;
            }
            let mut event = current();
            event[field] = Value::Null;
            refuse(&event, &format!("{field}: missing"));
            event.as_object_mut().unwrap().remove(field);
            refuse(&event, &format!("{field}: missing"));
        }
    }

    #[test]
    fn a_field_that_is_wrong_is_named() {
        let id = "is not an identifier: 1 to 64 of A-Z a-z 0-9 _ -";
        let time = "is not a time with its offset, such as \"2026-01-31T10:30:00Z\"";
        for (field, wrong, reason) in [
            ("eventId", json!(""), format!("\"\" {id}")),
            ("correlationId", json!("a b"), format!("\"a b\" {id}")),
            ("aggregateId", json!("x".repeat(65)), format!("\"{}\" {id}", "x".repeat(64))),
            ("causationId", json!(7), "not a string".into()),
            ("eventType", json!(""), "not 1 to 128 characters".into()),
            ("eventType", json!("x".repeat(129)), "not 1 to 128 characters".into()),
            ("source", json!("x".repeat(257)), "not 1 to 256 characters".into()),
            ("sequenceNumber", json!(0), "not a whole number from 1".into()),
            ("sequenceNumber", json!(-1), "not a whole number from 1".into()),
            ("sequenceNumber", json!(1.5), "not a whole number from 1".into()),
            ("eventVersion", json!(2.0), "not a string".into()),
            ("timestamp", json!("yesterday"), format!("\"yesterday\" {time}")),
            ("timestamp", json!("2025-11-17T10:30:00"), format!("\"2025-11-17T10:30:00\" {time}")),
            ("metadata", json!([]), "not a JSON object".into()),
        ] {
            let mut event = current();
            event[field] = wrong;
            refuse(&event, &format!("{field}: {reason}"));
        }
        for (field, reason) in [
            ("actor", "not a string"),
            ("reason", "not a string"),
            ("traceparent", "not a string"),
            ("depth", "not a whole number, or far too large"),
        ] {
            let mut event = current();
            event["metadata"][field] = json!(4_294_967_296_u64);
            refuse(&event, &format!("metadata.{field}: {reason}"));
        }
        let mut event = current();
        event["data"] = (1..32).fold(json!([]), |inner, _| json!([inner]));
        let error = read(&event).unwrap_err().to_string();
        assert!(error.starts_with("body: more than 32 levels deep"), "{error}");
        refuse(&json!([]), "body: not a JSON object");
    }

    #[test]
    fn depth_counts_arrays_and_objects_but_not_what_they_hold() {
        for (value, levels) in [
            (json!(1), 0),
            (json!([]), 1),
            (json!({ "a": 1 }), 1),
            (json!([1, { "a": [2] }]), 3),
            (json!({ "a": {}, "b": [[[]]] }), 4),
        ] {
            assert!(!deeper_than(&value, levels), "{value}");
            assert!(levels == 0 || deeper_than(&value, levels - 1), "{value}");
        }
    }
}

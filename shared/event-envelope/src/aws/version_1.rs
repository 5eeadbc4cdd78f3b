//! Events of version 1, published before there was an envelope.

use serde_json::{Map, Value, json};
use time::{
    OffsetDateTime, PrimitiveDateTime,
    format_description::well_known::{Iso8601, Rfc3339},
};

use super::Entry;
use crate::{CorrelationId, DecodeError, EventId, canonical::canonical_object, read};

/// The fields that an envelope of version 1 may have.
pub(super) const FIELDS: &[&str] = &[
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

/// Whether this is version 1.x, or a flat event that has no version and no data at all, only the
/// field that names its aggregate.
pub(super) fn is(fields: &Map<String, Value>, aggregate_field: &str) -> Result<bool, DecodeError> {
    if fields.contains_key("eventVersion") {
        return Ok(read::version(fields)?.major == 1);
    }
    Ok(!fields.contains_key("data") && fields.contains_key(aggregate_field))
}

/// Fills in what events of version 1 leave out. What is complete stays as it is.
pub(super) fn complete(
    mut old: Map<String, Value>,
    aggregate_field: &str,
    entry: Option<&Entry>,
) -> Result<Map<String, Value>, DecodeError> {
    if !old.contains_key("eventId") {
        let source = entry.map_or("", |entry| entry.source.as_str());
        let content = canonical_object(&old);
        let id = EventId::of_content(&[source.as_bytes(), content.as_bytes()]);
        old.insert("eventId".to_owned(), id.as_str().into());
    }
    let mut new: Map<String, Value> =
        FIELDS.iter().filter_map(|field| old.remove_entry(*field)).collect();
    if let Some(entry) = entry {
        new.entry("source").or_insert_with(|| entry.source.clone().into());
        new.entry("eventType").or_insert_with(|| entry.detail_type.clone().into());
        new.entry("timestamp").or_insert_with(|| entry.time.clone().unwrap_or_default());
    }
    let mut metadata = old.remove("metadata").unwrap_or_default();
    // Flat events carry their data beside the fields of the envelope.
    let data = new.entry("data").or_insert(Value::Object(old));
    let aggregate = data.get(aggregate_field).and_then(Value::as_str).map(str::to_owned);
    let aggregate = aggregate.ok_or_else(|| {
        DecodeError::field(format!("data.{aggregate_field}"), "missing, or not a string")
    })?;
    new.entry("eventVersion").or_insert_with(|| "1.0".into());
    new.entry("correlationId").or_insert_with(|| CorrelationId::of(&aggregate).as_str().into());
    // Each of version 1's types was the first that its service published of its aggregate.
    new.entry("sequenceNumber").or_insert_with(|| 1.into());
    new.entry("aggregateId").or_insert_with(|| aggregate.into());
    if let Some(utc) = new.get("timestamp").and_then(Value::as_str).and_then(assume_utc) {
        new.insert("timestamp".to_owned(), utc.into());
    }
    // Version 1 kept network addresses here: only the id of the actor is kept. The metadata of an
    // envelope always has a depth.
    if metadata.get("depth").is_none() {
        metadata = json!({ "actor": metadata.get("userId") });
    }
    new.insert("metadata".to_owned(), metadata);
    Ok(new)
}

/// Gives a time without an offset, as events of version 1 carry, the offset it was meant to have.
fn assume_utc(text: &str) -> Option<String> {
    if OffsetDateTime::parse(text, &Rfc3339).is_ok() {
        return Some(text.to_owned());
    }
    let naive = PrimitiveDateTime::parse(text, &Iso8601::PARSING).ok()?;
    naive.assume_utc().format(&Rfc3339).ok()
}

use aws_lambda_events::dynamodb::{Event, EventRecord};
use serde::{Deserialize, de::Error};
use serde_json::Value;
use tracing::error;

use super::{MalformedRecord, WrongSource, source::records_of};

/// The source of its records.
const SOURCE: &str = "aws:dynamodb";

/// The name of the event that an item was created.
const INSERT: &str = "INSERT";

/// A batch of a DynamoDB table's stream, read record by record.
///
/// Lambda's own type, `Event`, fails as a whole where one record is not as it expects. This fails
/// only for an event that is not of a table's stream; see [`WrongSource`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableBatch {
    /// Its records, in their order.
    pub records: Vec<TableRecord>,
}

/// A record of a table's stream, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableRecord {
    /// The record; of a malformed one only what identifies it, and no image.
    pub record: EventRecord,
    /// What is wrong with it, if anything is: then no service handles it.
    pub malformed: Option<MalformedRecord>,
}

impl TryFrom<Value> for TableBatch {
    type Error = WrongSource;

    fn try_from(event: Value) -> Result<Self, WrongSource> {
        let records = records_of(event, SOURCE, |record| record.get("dynamodb").is_some())?;
        Ok(Self { records: records.iter().map(TableRecord::read).collect() })
    }
}

impl<'de> Deserialize<'de> for TableBatch {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl From<Event> for TableBatch {
    fn from(batch: Event) -> Self {
        let read = |record| TableRecord { record, malformed: None };
        Self { records: batch.records.into_iter().map(read).collect() }
    }
}

/// For a function that reads records itself. A malformed one is replaced by a record that
/// identifies it and has no image: a function that needs one rejects it, and its source delivers it
/// again.
impl From<TableBatch> for Event {
    fn from(batch: TableBatch) -> Self {
        let mut event = Self::default();
        let records = batch.records.into_iter().map(|TableRecord { record, malformed }| {
            if let Some(malformed) = malformed {
                let sequence_number = record.change.sequence_number.as_deref();
                error!(record = record.event_id, sequence_number, %malformed, "a malformed record of a stream");
            }
            record
        });
        event.records = records.collect();
        event
    }
}

impl TableRecord {
    fn read(record: &Value) -> Self {
        match serde_path_to_error::deserialize(record) {
            Ok(record) => Self { record, malformed: None },
            Err(error) => {
                // The error's own text may show what is in the item.
                let malformed = MalformedRecord::new(
                    format!("field {}", error.path()),
                    "it is not as a table's stream writes it",
                );
                Self { record: identified(record), malformed: Some(malformed) }
            }
        }
    }
}

/// The part of a malformed record that identifies it.
fn identified(malformed: &Value) -> EventRecord {
    let text = |name| malformed.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut record = EventRecord::default();
    record.event_id = text("eventID").unwrap_or_default();
    // Where the record does not show what happened, it must not pass for nothing.
    record.event_name = text("eventName").unwrap_or_else(|| INSERT.to_owned());
    record.event_source = text("eventSource");
    record.event_source_arn = text("eventSourceARN");
    if let Some(change) = malformed.get("dynamodb") {
        record.change.sequence_number = sequence_number(change);
        // It keeps its place among the records of its item, if its key can be read.
        let keys = change.get("Keys").and_then(|keys| Deserialize::deserialize(keys).ok());
        record.change.keys = keys.unwrap_or_default();
    }
    record
}

/// The sequence number, also where it is written as a number.
fn sequence_number(change: &Value) -> Option<String> {
    match change.get("SequenceNumber")? {
        Value::String(number) => Some(number.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

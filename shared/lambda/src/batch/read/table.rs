use aws_lambda_events::dynamodb::{Event, EventRecord};
use serde::{Deserialize, de::Error};
use serde_json::Value;
use tracing::error;

use super::{OddRecord, WrongSource, source::records_of};

/// The source of its records.
const SOURCE: &str = "aws:dynamodb";

/// That an item was made, as a record says it.
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
    /// The record; of one that is odd what names it, and no image.
    pub record: EventRecord,
    /// What is wrong with it, if something is: then it is not to be handled.
    pub odd: Option<OddRecord>,
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
        let read = |record| TableRecord { record, odd: None };
        Self { records: batch.records.into_iter().map(read).collect() }
    }
}

/// For those who read records themselves. In place of an odd one there is a record that says which
/// it is, without an image: whoever needs one refuses it, and its source brings it again.
impl From<TableBatch> for Event {
    fn from(batch: TableBatch) -> Self {
        let mut event = Self::default();
        let records = batch.records.into_iter().map(|TableRecord { record, odd }| {
            if let Some(odd) = odd {
                let sequence_number = record.change.sequence_number.as_deref();
                error!(record = record.event_id, sequence_number, %odd, "an odd record of a stream");
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
            Ok(record) => Self { record, odd: None },
            Err(error) => {
                // The error's own text may show what is in the item.
                let odd = OddRecord::new(
                    format!("field {}", error.path()),
                    "it is not as a table's stream writes it",
                );
                Self { record: named(record), odd: Some(odd) }
            }
        }
    }
}

/// What of an odd record says which it is.
fn named(odd: &Value) -> EventRecord {
    let text = |name| odd.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut record = EventRecord::default();
    record.event_id = text("eventID").unwrap_or_default();
    // Where nobody can tell what happened it must not be taken for nothing.
    record.event_name = text("eventName").unwrap_or_else(|| INSERT.to_owned());
    record.event_source = text("eventSource");
    record.event_source_arn = text("eventSourceARN");
    if let Some(change) = odd.get("dynamodb") {
        record.change.sequence_number = sequence_number(change);
        // It keeps its place among the records of its item, if that can be told.
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

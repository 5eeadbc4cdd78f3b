use aws_lambda_events::sqs::{SqsEvent, SqsMessage, SqsMessageAttribute};
use serde::{Deserialize, de::Error};
use serde_json::{Map, Value};

use super::{MalformedRecord, WrongSource, kind, source::records_of};

/// The source of its records.
const SOURCE: &str = "aws:sqs";

/// A batch of an SQS queue, read record by record.
///
/// Lambda's own type, `SqsEvent`, fails as a whole where one record is not as it expects: an
/// attribute that is no base64, a number where a text should be. This fails only for an event that
/// is not of a queue; see [`WrongSource`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueBatch {
    /// Its records, in their order.
    pub records: Vec<QueueRecord>,
}

/// A record of a queue, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueRecord {
    /// The message. A body that is no text is here as its JSON.
    pub message: SqsMessage,
    /// What is wrong with it, if anything is: then no service handles it.
    pub malformed: Option<MalformedRecord>,
    /// Which of the message attributes that its sender has added cannot be read. It matters only to
    /// a service that reads message attributes.
    pub malformed_attribute: Option<MalformedRecord>,
}

impl TryFrom<Value> for QueueBatch {
    type Error = WrongSource;

    fn try_from(event: Value) -> Result<Self, WrongSource> {
        let records = records_of(event, SOURCE, |record| record.get("messageId").is_some())?;
        Ok(Self { records: records.into_iter().map(QueueRecord::read).collect() })
    }
}

impl<'de> Deserialize<'de> for QueueBatch {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl From<SqsEvent> for QueueBatch {
    fn from(batch: SqsEvent) -> Self {
        let read = |message| QueueRecord { message, ..QueueRecord::default() };
        Self { records: batch.records.into_iter().map(read).collect() }
    }
}

impl QueueRecord {
    fn read(record: Value) -> Self {
        let mut read = Self::default();
        match record {
            Value::Object(mut fields) => read.fill(&mut fields),
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)) => read.reject("whole", &other, "an object"),
        }
        read
    }

    fn fill(&mut self, fields: &mut Map<String, Value>) {
        self.message.message_id = self.text(fields, "messageId").filter(|it| !it.is_empty());
        self.message.receipt_handle = self.text(fields, "receiptHandle");
        self.message.md5_of_body = self.text(fields, "md5OfBody");
        self.message.md5_of_message_attributes = self.text(fields, "md5OfMessageAttributes");
        self.message.event_source = self.text(fields, "eventSource");
        self.message.event_source_arn = self.text(fields, "eventSourceARN");
        self.message.aws_region = self.text(fields, "awsRegion");
        self.message.body = match fields.remove("body") {
            None | Some(Value::Null) => None,
            Some(Value::String(body)) => Some(body),
            Some(other) => {
                self.reject("body", &other, "a text");
                Some(other.to_string())
            }
        };
        match fields.remove("attributes") {
            None | Some(Value::Null) => {}
            Some(Value::Object(attributes)) => self.fill_attributes(attributes),
            Some(other) => self.reject("attributes", &other, "an object"),
        }
        match fields.remove("messageAttributes") {
            None | Some(Value::Null) => {}
            Some(Value::Object(attributes)) => self.fill_message_attributes(attributes),
            Some(other) => {
                let reason = format!("it is {} in place of an object", kind(&other));
                self.malformed_attribute = Some(MalformedRecord::new("messageAttributes", reason));
            }
        }
        if self.message.message_id.is_none() {
            // Only an id can name a failure: a record without one fails its whole batch.
            let none = MalformedRecord::new("messageId", "there is none");
            self.malformed.get_or_insert(none);
        }
    }

    /// The attributes that SQS itself sets. A number or truth value is as good as its text, and
    /// null as nothing.
    fn fill_attributes(&mut self, attributes: Map<String, Value>) {
        for (name, value) in attributes {
            let value = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    self.reject(&format!("attributes.{name}"), &value, "a text");
                    continue;
                }
            };
            self.message.attributes.insert(name, value);
        }
    }

    fn fill_message_attributes(&mut self, attributes: Map<String, Value>) {
        for (name, value) in attributes {
            match SqsMessageAttribute::deserialize(value) {
                Ok(attribute) => drop(self.message.message_attributes.insert(name, attribute)),
                Err(_) => {
                    let field = format!("messageAttributes.{name}");
                    let malformed = MalformedRecord::new(field, "it is no attribute of a message");
                    self.malformed_attribute.get_or_insert(malformed);
                }
            }
        }
    }

    fn text(&mut self, fields: &mut Map<String, Value>, name: &str) -> Option<String> {
        match fields.remove(name)? {
            Value::String(text) => Some(text),
            Value::Null => None,
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                self.reject(name, &other, "a text");
                None
            }
        }
    }

    /// Of several errors the first one is reported.
    fn reject(&mut self, field: &str, found: &Value, expected: &str) {
        let reason = format!("it is {} in place of {expected}", kind(found));
        self.malformed.get_or_insert_with(|| MalformedRecord::new(field, reason));
    }
}

//! Records as a stream would bring them.

use event_envelope::Envelope;
use serde_dynamo::{AttributeValue, Item};
use serde_json::{Value, json};

/// The most records of one call: as many as the mapping of a stream hands over.
const RECORDS_MAX: usize = 100;
/// The most bytes of one call. Lambda takes 6 MB.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// The attribute of outgoing events.
const OUTGOING: &str = "outgoing";

/// What a record knows of its table.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) table: String,
    pub(super) keys: Vec<String>,
    pub(super) stream: String,
}

impl Place {
    /// The key of `item`, of which the rules of the relay speak.
    pub(super) fn key(&self, item: &Item) -> Item {
        let key = self.keys.iter().filter_map(|name| Some((name.clone(), item.get(name)?.clone())));
        key.collect::<std::collections::HashMap<_, _>>().into()
    }
}

/// An item that has events to publish.
#[derive(Debug)]
pub(super) struct Record {
    event: Value,
    events: usize,
    bytes: usize,
}

impl Record {
    /// `events` of the item with this key.
    pub(super) fn new(place: &Place, key: &Item, events: Vec<Envelope>) -> Self {
        let count = events.len();
        let outgoing: Vec<AttributeValue> = events
            .into_iter()
            // What was read from a table is no more than a table holds.
            .filter_map(|event| serde_dynamo::to_attribute_value(event).ok())
            .collect();
        let mut image = json!(key);
        image[OUTGOING] = json!(AttributeValue::L(outgoing));
        let event = json!({
            "eventName": "INSERT", "eventSource": "aws:dynamodb", "eventVersion": "1.1",
            "awsRegion": place.stream.split(':').nth(3).unwrap_or_default(),
            "eventSourceARN": place.stream,
            "dynamodb": {
                "Keys": key, "NewImage": image, "SizeBytes": 0,
                "StreamViewType": "NEW_IMAGE",
            },
        });
        Self { bytes: event.to_string().len() + 100, event, events: count }
    }
}

/// The records of a call.
#[derive(Debug, Default)]
pub(super) struct Batch(Vec<Record>);

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many events it has.
    pub(super) fn events(&self) -> usize {
        self.0.iter().map(|it| it.events).sum()
    }

    /// Whether one call can take `record` as well. It takes any one alone.
    pub(super) fn has_room(&self, record: &Record) -> bool {
        let bytes: usize = self.0.iter().map(|it| it.bytes).sum();
        self.0.is_empty() || (self.0.len() < RECORDS_MAX && bytes + record.bytes <= BYTES_MAX)
    }

    pub(super) fn add(&mut self, record: Record) {
        self.0.push(record);
    }

    /// What Lambda would hand over. Records are numbered by their places.
    pub(super) fn event(&self) -> Value {
        let numbered = self.0.iter().enumerate().map(|(number, record)| {
            let mut event = record.event.clone();
            event["eventID"] = number.to_string().into();
            event["dynamodb"]["SequenceNumber"] = number.to_string().into();
            event
        });
        json!({ "Records": numbered.collect::<Vec<_>>() })
    }

    /// Keeps what has to come again by the relay's answer: the first record that it names and all
    /// behind. Returns how many events it has taken. An answer of another form is none.
    pub(super) fn settle(&mut self, answer: &Value) -> usize {
        let Some(failures) = answer["batchItemFailures"].as_array() else { return 0 };
        let place = |failure: &Value| -> usize {
            let named = failure["itemIdentifier"].as_str().and_then(|it| it.parse().ok());
            named.unwrap_or(0)
        };
        let first = failures.iter().map(place).min().unwrap_or(self.0.len()).min(self.0.len());
        let rest = self.0.split_off(first);
        let taken = self.events();
        self.0 = rest;
        taken
    }
}

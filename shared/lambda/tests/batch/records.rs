//! Records and batches as Lambda makes them.

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    sqs::{SqsBatchResponse, SqsEvent, SqsMessage},
    streams::DynamoDbEventResponse,
};
use serde_json::{Value, json};

pub(crate) const STANDARD: &str = "arn:aws:sqs:eu-west-1:123456789012:bookings";
pub(crate) const FIFO: &str = "arn:aws:sqs:eu-west-1:123456789012:bookings.fifo";

/// A record whose number in its test can be read off it.
pub(crate) trait Numbered {
    fn number(&self) -> usize;
}

impl Numbered for SqsMessage {
    fn number(&self) -> usize {
        self.body.as_deref().unwrap().parse().unwrap()
    }
}

impl Numbered for EventRecord {
    fn number(&self) -> usize {
        self.event_id.parse().unwrap()
    }
}

/// A message of `queue`. Its key is its group if the queue has groups.
pub(crate) fn message(queue: &str, number: usize, key: Option<&str>) -> SqsMessage {
    let attributes = key.map_or(json!({}), |key| json!({ "MessageGroupId": key }));
    serde_json::from_value(json!({
        "messageId": format!("message-{number}"),
        "body": number.to_string(),
        "attributes": attributes,
        "eventSourceARN": queue,
    }))
    .unwrap()
}

/// The attribute that [`message`] keeps the key in, on either queue.
pub(crate) fn key(message: &SqsMessage) -> Option<String> {
    message.attributes.get("MessageGroupId").cloned()
}

/// A change of the item that `keys` name.
pub(crate) fn change(number: usize, keys: Value) -> EventRecord {
    serde_json::from_value(json!({
        "eventID": number.to_string(),
        "eventName": "MODIFY",
        "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/carts/stream/1",
        "dynamodb": {
            "Keys": keys,
            "SequenceNumber": sequence_number(number),
            "SizeBytes": 1,
        },
    }))
    .unwrap()
}

/// Gets a digit longer at number 5.
pub(crate) fn sequence_number(number: usize) -> String {
    (999_999_999_999_999_999_995_u128 + u128::try_from(number).unwrap()).to_string()
}

pub(crate) fn messages(records: impl IntoIterator<Item = SqsMessage>) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = records.into_iter().collect();
    event
}

pub(crate) fn changes(records: impl IntoIterator<Item = EventRecord>) -> Event {
    let mut event = Event::default();
    event.records = records.into_iter().collect();
    event
}

pub(crate) fn named(response: &SqsBatchResponse) -> Vec<&str> {
    response.batch_item_failures.iter().map(|it| it.item_identifier.as_str()).collect()
}

/// What a stream's response names, if it names something; at most one thing.
pub(crate) fn checkpoint(response: &DynamoDbEventResponse) -> Option<Option<&str>> {
    let failures = &response.batch_item_failures;
    assert!(failures.len() <= 1, "one position is enough");
    failures.first().map(|it| it.item_identifier.as_deref())
}

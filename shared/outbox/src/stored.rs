use std::collections::HashMap;

use aws_lambda_events::dynamodb::EventRecord;
use event_envelope::{Envelope, Unpackable, unpack};
use serde_dynamo::{AttributeValue, Item};

/// The attribute that holds the events an item is to publish: a list of envelopes.
const OUTGOING: &str = "outgoing";
/// The attribute that holds those that it published in earlier writes: a list of envelopes.
const EARLIER: &str = "earlier";
/// The attribute that holds every event of an item, packed, in place of the two lists.
const OUTBOX: &str = "outbox";
/// The attribute that counts how many of those, the last ones, a write has added.
const ADDED: &str = "outboxAdded";
/// What the sort key of an item that *is* an event begins with.
const EVENT_PREFIX: &str = "EVENT#";

/// Why the events of a stream record cannot be read. A retry does not help with any of
/// these: the record needs manual intervention.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The stream does not carry what was written.
    #[error("NewImage is missing: the stream's view type must be NEW_IMAGE or NEW_AND_OLD_IMAGES")]
    NoImage,
    /// An attribute for events is not a list.
    #[error("{attribute} is not a list")]
    NotAList {
        /// `outgoing` or `earlier`.
        attribute: &'static str,
    },
    /// An attribute for packed events has another type.
    #[error("{attribute} is not {expected}")]
    NotPacked {
        /// `outbox` or `outboxAdded`.
        attribute: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The packed bytes are not events.
    #[error("{OUTBOX} cannot be unpacked")]
    Unpackable(#[from] Unpackable),
    /// An event has a field that is missing or wrong.
    #[error("{place} is not an event")]
    NotAnEvent {
        /// Its place in the item.
        place: String,
        /// What is wrong with it.
        #[source]
        reason: serde_dynamo::Error,
    },
    /// A number would be published as another.
    #[error("{place} has the number {number}, which JSON readers would round")]
    Inexact {
        /// Its place in the item.
        place: String,
        /// The number as DynamoDB has it.
        number: String,
    },
}

/// The events of `record` that are to be published, in their order.
///
/// An item that was written has them in its attribute `outgoing`, a list of envelopes. Or it keeps
/// every event that it ever published in the attribute `outbox`, packed (`event_envelope::pack`),
/// and they are the last `outboxAdded` of them. Or it is new, and one itself: an item of an event
/// store, with a sort key `SK` that begins with `EVENT#` and the envelope's fields for attributes.
/// A change of such an item publishes nothing, since an event does not change: only its due entry
/// does. Any other item has none, and neither has one that was deleted.
///
/// # Errors
///
/// When there should be events but they cannot be read.
pub fn envelopes_of(record: &EventRecord) -> Result<Vec<Envelope>, Unreadable> {
    let is_new = match record.event_name.as_str() {
        "INSERT" => true,
        "MODIFY" => false,
        _ => return Ok(Vec::new()),
    };
    let item: &HashMap<String, AttributeValue> = record.change.new_image.inner();
    if item.is_empty() {
        return Err(Unreadable::NoImage);
    }
    match listed(item, OUTGOING)? {
        Some(outgoing) => Ok(outgoing),
        None if item.contains_key(ADDED) => added(item),
        None if is_new => itself(item),
        None => Ok(Vec::new()),
    }
}

/// Every event that `item` of a table still holds, the oldest first: all of its `outbox`, or those
/// of earlier writes in the list `earlier` and those of the last one in `outgoing`, or the item
/// itself. Events that the stream has not delivered are among them, and so are published ones.
///
/// # Errors
///
/// When there should be events but they cannot be read.
pub fn stored_events(item: &Item) -> Result<Vec<Envelope>, Unreadable> {
    let item = item.inner();
    let mut events = listed(item, EARLIER)?.unwrap_or_default();
    events.extend(packed(item)?);
    match listed(item, OUTGOING)? {
        Some(outgoing) => events.extend(outgoing),
        None => events.extend(itself(item)?),
    }
    Ok(events)
}

/// The events of the list `attribute`, if there is one.
fn listed(
    item: &HashMap<String, AttributeValue>,
    attribute: &'static str,
) -> Result<Option<Vec<Envelope>>, Unreadable> {
    let envelope = |(index, value)| envelope(format!("{attribute}[{index}]"), value);
    match item.get(attribute) {
        Some(AttributeValue::L(events)) => {
            events.iter().enumerate().map(envelope).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(Unreadable::NotAList { attribute }),
        None => Ok(None),
    }
}

/// Every event of the `outbox`.
fn packed(item: &HashMap<String, AttributeValue>) -> Result<Vec<Envelope>, Unreadable> {
    match item.get(OUTBOX) {
        Some(AttributeValue::B(packed)) => Ok(unpack(packed)?),
        Some(_) => Err(Unreadable::NotPacked { attribute: OUTBOX, expected: "bytes" }),
        None => Ok(Vec::new()),
    }
}

/// The last events of the `outbox`, as many as were added.
fn added(item: &HashMap<String, AttributeValue>) -> Result<Vec<Envelope>, Unreadable> {
    let mut events = packed(item)?;
    let added = match item.get(ADDED) {
        Some(AttributeValue::N(added)) => added.parse().ok(),
        _ => None,
    };
    let first = added.and_then(|added| events.len().checked_sub(added));
    let expected = "the number of the last events among those of outbox";
    let first = first.ok_or(Unreadable::NotPacked { attribute: ADDED, expected })?;
    Ok(events.split_off(first))
}

/// The item, if it is an event.
fn itself(item: &HashMap<String, AttributeValue>) -> Result<Vec<Envelope>, Unreadable> {
    let read = || envelope("the item".to_owned(), &AttributeValue::M(item.clone()));
    if is_event(item) { Ok(vec![read()?]) } else { Ok(Vec::new()) }
}

fn is_event(item: &HashMap<String, AttributeValue>) -> bool {
    let Some(AttributeValue::S(sort_key)) = item.get("SK") else { return false };
    item.contains_key("PK") && sort_key.starts_with(EVENT_PREFIX)
}

fn envelope(place: String, value: &AttributeValue) -> Result<Envelope, Unreadable> {
    if let Some(number) = inexact(value) {
        return Err(Unreadable::Inexact { place, number: number.to_owned() });
    }
    serde_dynamo::from_attribute_value(value.clone())
        .map_err(|reason| Unreadable::NotAnEvent { place, reason })
}

/// A whole number in `value` that JSON has no room for. DynamoDB keeps 38 digits; beyond 64 bits
/// what is left is a float.
fn inexact(value: &AttributeValue) -> Option<&str> {
    if let AttributeValue::N(number) = value {
        let is_whole =
            number.strip_prefix('-').unwrap_or(number).bytes().all(|digit| digit.is_ascii_digit());
        let is_exact = number.parse::<i64>().is_ok()
            || number.parse::<u64>().is_ok()
            || number.parse::<f64>().is_ok_and(|float| float.to_string() == *number);
        return (is_whole && !is_exact).then_some(number);
    }
    if let AttributeValue::L(elements) = value {
        return elements.iter().find_map(inexact);
    }
    if let AttributeValue::M(members) = value {
        return members.values().find_map(inexact);
    }
    None
}

/// The table whose stream brought `record`, by the ARN of the stream.
pub(crate) fn table_of(record: &EventRecord) -> Option<&str> {
    // arn:aws:dynamodb:eu-central-1:123456789012:table/loans/stream/2026-01-01T00:00:00.000
    let resource = record.event_source_arn.as_deref()?.splitn(6, ':').nth(5)?;
    resource.strip_prefix("table/")?.split('/').next().filter(|name| !name.is_empty())
}

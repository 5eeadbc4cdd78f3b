//! What a row publishes, read without the code that publishes it.

use base64::{Engine, prelude::BASE64_STANDARD};
use event_envelope::{Envelope, unpack};
use serde_json::Value;

/// The events that a write adds to an item, oldest first: the last ones of its `outbox`, as many as
/// `outboxAdded` counts. `image` is the item in DynamoDB's JSON.
///
/// # Panics
///
/// When it counts events, and there are none.
pub fn events_added(image: &Value) -> Vec<Envelope> {
    let Some(added) = image["outboxAdded"]["N"].as_str() else { return Vec::new() };
    let packed = BASE64_STANDARD.decode(image["outbox"]["B"].as_str().unwrap()).unwrap();
    let mut events = unpack(&packed).unwrap();
    events.split_off(events.len() - added.parse::<usize>().unwrap())
}

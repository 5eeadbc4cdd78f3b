//! Keys of the events that AWS delivers to a function.
//!
//! They are only as unique as the ids. SQS gives a message a new id each time it is sent, and
//! EventBridge an event each time it is put: a sender that may send twice needs a key of its own,
//! by a closure or `ByJmespath`.
//!
//! There is none for `EventBridgeEvent`: it does not show whether the event is a replay from an
//! archive. Take the event as JSON instead, or as a `Delivery` of our own envelope: both do.

use aws_lambda_events::{dynamodb::EventRecord, sqs::SqsMessage};
use event_envelope::fingerprint;

use crate::Keyed;

/// By the message id: the same for each delivery of one message.
impl Keyed for SqsMessage {
    fn idempotency_key(&self) -> String {
        self.message_id.clone().unwrap_or_default()
    }

    fn payload_hash(&self) -> Option<String> {
        Some(fingerprint(&[self.body.as_deref().unwrap_or_default().as_bytes()]))
    }
}

/// By the id of the stream record. A stream record never changes, so no payload is compared.
impl Keyed for EventRecord {
    fn idempotency_key(&self) -> String {
        self.event_id.clone()
    }

    fn payload_hash(&self) -> Option<String> {
        None
    }
}

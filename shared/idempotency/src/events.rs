//! Keys of what AWS hands to a function.
//!
//! They are as good as the ids are. SQS gives a message a new id each time it is sent, and
//! EventBridge an event each time it is put: what a sender sends twice needs a key of the sender's,
//! by a closure or `ByJmespath`.
//!
//! There is none for `EventBridgeEvent`: it leaves out that an archive sends the event again. Take
//! the event as JSON instead, or as a `Delivery` of our own envelope; both tell.

use aws_lambda_events::{dynamodb::EventRecord, sqs::SqsMessage};
use event_envelope::fingerprint;

use crate::Keyed;

/// By the message id: the same for each delivery of what was sent once.
impl Keyed for SqsMessage {
    fn idempotency_key(&self) -> String {
        self.message_id.clone().unwrap_or_default()
    }

    fn payload_hash(&self) -> Option<String> {
        Some(fingerprint(&[self.body.as_deref().unwrap_or_default().as_bytes()]))
    }
}

/// By the id of the stream record. A change of an item never changes, so nothing is compared.
impl Keyed for EventRecord {
    fn idempotency_key(&self) -> String {
        self.event_id.clone()
    }

    fn payload_hash(&self) -> Option<String> {
        None
    }
}

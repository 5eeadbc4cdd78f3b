//! Messages, as they are sent, received and looked at.

use std::{collections::BTreeMap, time::Duration};

/// A message to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// At least one character, and only those that XML 1.0 allows.
    pub body: String,
    /// At most ten.
    pub attributes: BTreeMap<String, MessageAttribute>,
    /// Instead of the queue's own delay: 0 to 15 min. A FIFO queue refuses it.
    pub delay: Option<Duration>,
    /// Required by a FIFO queue; only kept by a standard one.
    pub group_id: Option<String>,
    /// FIFO only.
    pub deduplication_id: Option<String>,
    /// The system attribute `AWSTraceHeader`.
    pub trace_header: Option<String>,
}

impl OutgoingMessage {
    /// A message that is nothing but its body.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// A message whose attributes are texts, as those of a dead letter that say why it is one.
    pub fn with_texts<N: Into<String>, V: Into<String>>(
        body: impl Into<String>,
        attributes: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let attributes = attributes.into_iter();
        let attributes =
            attributes.map(|(name, value)| (name.into(), MessageAttribute::string(value)));
        Self { attributes: attributes.collect(), ..Self::new(body) }
    }
}

/// The typed value of a message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, optionally with a suffix of one's own: `Number.cents`.
    pub data_type: String,
    /// The value, of which `Binary` types have the second kind and all others the first.
    pub value: AttributeValue,
}

/// The value of a message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// A `StringValue`.
    Text(String),
    /// A `BinaryValue`.
    Binary(Vec<u8>),
}

impl MessageAttribute {
    /// An attribute of the type `String`.
    pub fn string(value: impl Into<String>) -> Self {
        Self { data_type: "String".to_owned(), value: AttributeValue::Text(value.into()) }
    }
}

/// What a send gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// The id that SQS gave the message; of a duplicate, the id of the original.
    pub message_id: String,
    /// Lowercase hex.
    pub md5_of_body: String,
    /// Lowercase hex; none without attributes.
    pub md5_of_attributes: Option<String>,
    /// Lowercase hex; none without a trace header.
    pub md5_of_system_attributes: Option<String>,
    /// FIFO only: 20 digits, ascending.
    pub sequence_number: Option<String>,
}

/// How to receive. [`Default`] takes one message, without waiting, for the queue's own timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveRequest {
    /// The most messages to take: 1 to 10.
    pub max: usize,
    /// How long to wait for the first message: 0 to 20 s.
    pub wait: Duration,
    /// Instead of the queue's own visibility timeout: 0 to 12 h.
    pub visibility: Option<Duration>,
}

impl Default for ReceiveRequest {
    fn default() -> Self {
        Self { max: 1, wait: Duration::ZERO, visibility: None }
    }
}

/// A message as a consumer gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// The id that SQS gave the message when it was sent; kept by a redrive to a dead-letter queue.
    pub message_id: String,
    /// What deletes this message; another one at each receive.
    pub receipt_handle: String,
    /// As sent.
    pub body: String,
    /// Lowercase hex.
    pub md5_of_body: String,
    /// The system attributes: `ApproximateReceiveCount`, `SentTimestamp`, `SenderId`,
    /// `ApproximateFirstReceiveTimestamp`, and where they apply `MessageGroupId`,
    /// `MessageDeduplicationId`, `SequenceNumber`, `AWSTraceHeader`, `DeadLetterQueueSourceArn`.
    /// Times are in milliseconds since 1970.
    pub attributes: BTreeMap<String, String>,
    /// As sent.
    pub message_attributes: BTreeMap<String, MessageAttribute>,
    /// Lowercase hex, as the send answered it; none without attributes.
    pub md5_of_attributes: Option<String>,
}

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Could be received now; in a FIFO queue, also those behind a message in flight.
    pub visible: usize,
    /// Received, and neither deleted nor visible again.
    pub in_flight: usize,
    /// Sent with a delay that has not passed.
    pub delayed: usize,
}

impl Depth {
    /// Every message in the queue.
    pub fn total(&self) -> usize {
        self.visible + self.in_flight + self.delayed
    }
}

/// Where a message stands in its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Waits to be received.
    Visible,
    /// Received, and neither deleted nor visible again.
    InFlight,
    /// Not yet to be received.
    Delayed,
}

/// A message as an onlooker sees it, who leaves it as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeekedMessage {
    /// The id that SQS gave the message.
    pub message_id: String,
    /// As sent.
    pub body: String,
    /// As sent.
    pub message_attributes: BTreeMap<String, MessageAttribute>,
    /// As sent.
    pub group_id: Option<String>,
    /// Where it stands.
    pub standing: Standing,
    /// How often it was received, in all queues it has been in.
    pub receive_count: u32,
    /// Milliseconds since 1970.
    pub sent_at_ms: u64,
    /// In a dead-letter queue: the ARN of the queue that it came from.
    pub dead_letter_source: Option<String>,
}

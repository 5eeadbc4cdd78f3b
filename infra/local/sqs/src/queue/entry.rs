//! A message in a queue, and the delivery of it to a consumer.

use std::{collections::BTreeMap, sync::Arc};

use local_core::ACCOUNT;
use tokio::time::Instant;

use crate::{
    clock::Now,
    digest,
    message::{MessageAttribute, PeekedMessage, ReceivedMessage, Standing},
    receipt::Receipt,
};

/// What was sent. Shared with the deliveries, so that a large body is copied after the lock.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) message_id: String,
    pub(crate) body: String,
    pub(crate) md5_of_body: String,
    pub(crate) attributes: BTreeMap<String, MessageAttribute>,
    pub(crate) group_id: Option<String>,
    pub(crate) deduplication_id: Option<String>,
    pub(crate) sequence_number: Option<String>,
    pub(crate) trace_header: Option<String>,
    pub(crate) sent_at_ms: u64,
    /// In a dead-letter queue: the name of the queue that the message came from.
    pub(crate) dead_letter_source: Option<String>,
}

impl Message {
    pub(crate) fn group(&self) -> &str {
        self.group_id.as_deref().unwrap_or_default()
    }
}

/// A message, and how it has fared.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) message: Arc<Message>,
    pub(crate) place: Place,
    /// In all queues the message has been in.
    pub(crate) receives: u32,
    /// In this queue, which is what its redrive policy counts.
    pub(crate) receives_here: u32,
    pub(crate) first_received_ms: Option<u64>,
    /// When the latest consumer received it, as long as that one has not handed it back.
    pub(crate) held_since: Option<Instant>,
    /// The start of the retention.
    pub(crate) since: Instant,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Visible,
    Delayed { until: Instant },
    InFlight { until: Instant },
}

impl Entry {
    /// A message that has not been received yet.
    pub(crate) fn new(message: Message, since: Instant) -> Self {
        Self {
            message: Arc::new(message),
            place: Place::Visible,
            receives: 0,
            receives_here: 0,
            first_received_ms: None,
            held_since: None,
            since,
        }
    }

    /// The entry as it enters the dead-letter queue of `source`: id, time of sending and receive
    /// count stay. The retention goes on as well, except in a FIFO queue, where it starts anew.
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>.
    pub(crate) fn dead_letter(self, source: &str, fifo: bool, now: Instant) -> Self {
        let mut message = Arc::unwrap_or_clone(self.message);
        message.dead_letter_source = Some(source.to_owned());
        Self {
            message: Arc::new(message),
            receives_here: 0,
            held_since: None,
            since: if fifo { now } else { self.since },
            ..self
        }
    }

    /// The entry as it leaves a dead-letter queue: a new message with the old content.
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html>.
    pub(crate) fn sent_again(
        self,
        message_id: String,
        sequence_number: Option<String>,
        now: Now,
    ) -> Self {
        let mut message = Arc::unwrap_or_clone(self.message);
        message.message_id = message_id;
        message.sequence_number = sequence_number;
        message.sent_at_ms = now.wall_ms;
        message.dead_letter_source = None;
        Self::new(message, now.instant)
    }

    pub(crate) fn peeked(&self) -> PeekedMessage {
        let message = &*self.message;
        PeekedMessage {
            message_id: message.message_id.clone(),
            body: message.body.clone(),
            message_attributes: message.attributes.clone(),
            group_id: message.group_id.clone(),
            standing: match self.place {
                Place::Visible => Standing::Visible,
                Place::Delayed { .. } => Standing::Delayed,
                Place::InFlight { .. } => Standing::InFlight,
            },
            receive_count: self.receives,
            sent_at_ms: message.sent_at_ms,
            dead_letter_source: message.dead_letter_source.as_deref().map(crate::queue_arn),
        }
    }
}

/// One message as one receive hands it out.
#[derive(Debug)]
pub(crate) struct Delivery {
    message: Arc<Message>,
    receipt: Receipt,
    receives: u32,
    first_received_ms: u64,
}

impl Delivery {
    pub(crate) fn new(entry: &Entry, receipt: Receipt) -> Self {
        Self {
            message: Arc::clone(&entry.message),
            receipt,
            receives: entry.receives,
            first_received_ms: entry.first_received_ms.unwrap_or_default(),
        }
    }

    /// The copy for the consumer.
    pub(crate) fn received(&self) -> ReceivedMessage {
        let message = &*self.message;
        let system = [
            ("ApproximateFirstReceiveTimestamp", Some(self.first_received_ms.to_string())),
            ("ApproximateReceiveCount", Some(self.receives.to_string())),
            ("AWSTraceHeader", message.trace_header.clone()),
            (
                "DeadLetterQueueSourceArn",
                message.dead_letter_source.as_deref().map(crate::queue_arn),
            ),
            ("MessageDeduplicationId", message.deduplication_id.clone()),
            ("MessageGroupId", message.group_id.clone()),
            // The id of the sender's account: there are no users here.
            ("SenderId", Some(ACCOUNT.to_owned())),
            ("SentTimestamp", Some(message.sent_at_ms.to_string())),
            ("SequenceNumber", message.sequence_number.clone()),
        ];
        let present = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?));
        ReceivedMessage {
            message_id: message.message_id.clone(),
            receipt_handle: self.receipt.encode(),
            body: message.body.clone(),
            md5_of_body: message.md5_of_body.clone(),
            attributes: system.into_iter().filter_map(present).collect(),
            message_attributes: message.attributes.clone(),
            md5_of_attributes: digest::of_attributes(&message.attributes),
        }
    }
}

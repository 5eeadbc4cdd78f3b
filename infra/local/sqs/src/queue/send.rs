//! What a queue does with a message that is sent to it.

use std::time::Duration;

use local_core::AwsError;
use sha2::{Digest, Sha256};

use super::{Entry, Message, Queue};
use crate::{
    clock::Now,
    content::Content,
    deduplication::Original,
    error, limits,
    message::{OutgoingMessage, SentMessage},
};

impl Queue {
    /// Takes a message in, under `message_id` unless it is a duplicate of an earlier one.
    pub(crate) fn send(
        &mut self,
        content: Content,
        message_id: String,
        now: Now,
    ) -> Result<SentMessage, AwsError> {
        self.check_size(content.bytes)?;
        let delay = self.delay_of(&content.message)?;
        let deduplication_id = self.deduplication_id_of(&content.message)?;
        let mut sent = SentMessage {
            message_id,
            md5_of_body: content.md5_of_body.clone(),
            md5_of_attributes: content.md5_of_attributes,
            md5_of_system_attributes: content.md5_of_system_attributes,
            sequence_number: self.next_sequence_number(),
        };
        if let Some(id) = &deduplication_id {
            let known_as = self.known_as(id, &content.message);
            if let Some(original) = self.deduplication.recall(&known_as, now.instant) {
                sent.message_id.clone_from(&original.message_id);
                sent.sequence_number.clone_from(&original.sequence_number);
                return Ok(sent);
            }
            let (message_id, sequence_number) =
                (sent.message_id.clone(), sent.sequence_number.clone());
            let original = Original { message_id, sequence_number };
            self.deduplication.remember(known_as, original, now.instant);
        }
        let message = Message {
            message_id: sent.message_id.clone(),
            body: content.message.body,
            md5_of_body: content.md5_of_body,
            attributes: content.message.attributes,
            group_id: content.message.group_id,
            deduplication_id,
            sequence_number: sent.sequence_number.clone(),
            trace_header: content.message.trace_header,
            sent_at_ms: now.wall_ms,
            dead_letter_source: None,
        };
        self.push(Entry::new(message, now.instant), delay, now.instant);
        Ok(sent)
    }

    /// What the next message of a FIFO queue is numbered: its key, in 20 digits.
    pub(crate) fn next_sequence_number(&self) -> Option<String> {
        self.spec.fifo.then(|| format!("{:020}", self.next_key))
    }

    fn check_size(&self, bytes: usize) -> Result<(), AwsError> {
        let most = self.spec.maximum_message_size;
        if bytes <= most {
            return Ok(());
        }
        let message = format!(
            "One or more parameters are invalid. Reason: Message must be shorter \
                               than {most} bytes."
        );
        Err(error::sqs("InvalidParameterValue", message))
    }

    fn delay_of(&self, message: &OutgoingMessage) -> Result<Duration, AwsError> {
        let Some(delay) = message.delay else { return Ok(self.spec.delay) };
        limits::check_duration("DelaySeconds", delay, &limits::DELAY_SECONDS)?;
        if self.spec.fifo && !delay.is_zero() {
            return Err(error::wrong_queue_type("DelaySeconds", delay.as_secs()));
        }
        Ok(if self.spec.fifo { self.spec.delay } else { delay })
    }

    /// None for a standard queue, which knows no duplicates.
    fn deduplication_id_of(&self, message: &OutgoingMessage) -> Result<Option<String>, AwsError> {
        match &message.deduplication_id {
            Some(id) if !self.spec.fifo => {
                Err(error::wrong_queue_type("MessageDeduplicationId", id))
            }
            None if !self.spec.fifo => Ok(None),
            Some(_) | None if message.group_id.is_none() => Err(error::missing("MessageGroupId")),
            Some(id) => Ok(Some(id.clone())),
            None if self.spec.content_based_deduplication => {
                Ok(Some(hex::encode(Sha256::digest(message.body.as_bytes()))))
            }
            None => {
                let message = "The queue should either have ContentBasedDeduplication enabled or \
                               MessageDeduplicationId provided explicitly";
                Err(error::sqs("InvalidParameterValue", message))
            }
        }
    }

    /// The deduplication id within its scope. No id contains a line feed.
    fn known_as(&self, id: &str, message: &OutgoingMessage) -> String {
        match &message.group_id {
            Some(group) if self.spec.deduplicates_per_group() => format!("{group}\n{id}"),
            Some(_) | None => id.to_owned(),
        }
    }
}

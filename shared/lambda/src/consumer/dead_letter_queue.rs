use std::{error::Error, time::Duration};

use aws_sdk_sqs::{Client, types::MessageAttributeValue};
use runtime::{BoxError, Wait, chain};
use tracing::debug;

use crate::consumer::record::{Ids, Message};

/// The longest wait of a record whose failure names none.
const BACKOFF_MAX: Duration = Duration::from_secs(120);
/// The longest that a message may stay hidden is twelve hours from its receive, of which the
/// function may have used fifteen minutes.
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html>.
const HIDDEN_MAX: Duration = Duration::from_secs((12 * 60 - 15) * 60);
/// How much of a reason is kept, in characters. Attributes count against the size of a message.
const REASON_LENGTH_MAX: usize = 1024;

/// The queue that a consumer reads, and the one that it dead-letters permanent failures to.
#[derive(Debug, Clone)]
pub struct DeadLetterQueue {
    client: Client,
    queue_url: String,
    dead_letter_queue_url: String,
}

impl DeadLetterQueue {
    /// Dead-letters messages of the queue at `queue_url` to the one at `dead_letter_queue_url`.
    pub fn new(
        client: Client,
        queue_url: impl Into<String>,
        dead_letter_queue_url: impl Into<String>,
    ) -> Self {
        let queue_url = queue_url.into();
        let dead_letter_queue_url = dead_letter_queue_url.into();
        Self { client, queue_url, dead_letter_queue_url }
    }

    /// Sends the message to the dead-letter queue: its body as it came, and as attributes the
    /// reason, the consumer and the ids.
    ///
    /// A redrive has to name its destination, since the queue has not seen where the message came
    /// from.
    ///
    /// # Errors
    ///
    /// When SQS does not take it; the record must then stay in its queue.
    pub(crate) async fn dead_letter(
        &self,
        consumer: &'static str,
        message: &Message,
        ids: Option<&Ids>,
        reason: &(dyn Error + Send + Sync),
    ) -> Result<(), BoxError> {
        let attributes = [
            text("reason", printable(&chain(reason))),
            text("consumer", consumer.to_owned()),
            text("messageId", message.id().to_owned()),
            attribute("Number", "receiveCount", message.receive_count().to_string()),
            ids.and_then(|ids| text("eventId", ids.event.to_string())),
            ids.and_then(|ids| text("correlationId", ids.correlation.to_string())),
        ];
        // A dead-letter queue of a FIFO queue is one too.
        let group = message.fifo_group();
        self.client
            .send_message()
            .queue_url(&self.dead_letter_queue_url)
            .message_body(message.body())
            .set_message_attributes(Some(attributes.into_iter().flatten().collect()))
            .set_message_group_id(group.map(str::to_owned))
            .set_message_deduplication_id(group.map(|_| message.id().to_owned()))
            .send()
            .await?;
        Ok(())
    }

    /// Hides the message for `delay` instead of for what is left of the queue's own timeout. If
    /// that fails the message only comes later.
    pub(crate) async fn postpone(&self, message: &Message, delay: Duration) {
        let outcome = self
            .client
            .change_message_visibility()
            .queue_url(&self.queue_url)
            .set_receipt_handle(message.receipt_handle().map(str::to_owned))
            .visibility_timeout(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX))
            .send()
            .await;
        if let Err(error) = outcome {
            debug!(error = chain(&error), "the record waits for the queue's visibility timeout");
        }
    }
}

/// How long a record stays hidden, in whole seconds: a time that doubles with each receive, or what
/// is known to be right.
///
/// A wait that is asked for is kept as it is once. A record that fails again after it waits for the
/// doubled time, if that is longer: each receive counts, and ten waits of five seconds, for which a
/// circuit is open, would dead-letter it after less than a minute of a provider's outage.
pub(crate) fn delay(wait: Wait, receive_count: u32) -> Duration {
    let doublings = receive_count.saturating_sub(1);
    let seconds = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
    let backoff = Duration::from_secs(seconds).min(BACKOFF_MAX);
    match wait {
        Wait::Unknown => backoff,
        Wait::AtLeast(wait) if doublings == 0 => whole_seconds(wait).min(HIDDEN_MAX),
        Wait::AtLeast(wait) => whole_seconds(wait).max(backoff).min(HIDDEN_MAX),
        Wait::AtMost(wait) => whole_seconds(wait).min(backoff),
    }
}

/// Rounded up: a moment early is a try for nothing.
fn whole_seconds(wait: Duration) -> Duration {
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
    Duration::from_secs(seconds)
}

fn text(name: &str, value: String) -> Option<(String, MessageAttributeValue)> {
    attribute("String", name, value)
}

/// An attribute, unless it is empty, which SQS refuses.
fn attribute(
    data_type: &str,
    name: &str,
    value: String,
) -> Option<(String, MessageAttributeValue)> {
    let builder = MessageAttributeValue::builder().data_type(data_type).string_value(&value);
    let attribute = builder.build().ok()?;
    (!value.is_empty()).then(|| (name.to_owned(), attribute))
}

/// As much of `text` as is kept, without the characters that SQS refuses.
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.
fn printable(text: &str) -> String {
    let refused = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if refused(c) { '\u{fffd}' } else { c }).take(REASON_LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_its_limit() {
        let delays: Vec<_> = (0..=9).map(|count| delay(Wait::Unknown, count).as_secs()).collect();
        assert_eq!(delays, [1, 1, 2, 4, 8, 16, 32, 64, 120, 120]);
        assert_eq!(delay(Wait::Unknown, u32::MAX), BACKOFF_MAX);
    }

    #[test]
    fn a_delay_that_is_known_is_kept_in_whole_seconds() {
        for (after_ms, seconds) in [(0, 0), (1, 1), (1000, 1), (1001, 2), (600_000, 600)] {
            assert_eq!(delay(Wait::AtLeast(Duration::from_millis(after_ms)), 1).as_secs(), seconds);
        }
        assert_eq!(delay(Wait::AtLeast(Duration::MAX), 1), HIDDEN_MAX);
        assert_eq!(delay(Wait::AtLeast(Duration::MAX), 9), HIDDEN_MAX);
    }

    #[test]
    fn short_waits_do_not_use_up_the_receives() {
        let open_circuit = Wait::AtLeast(Duration::from_secs(5));
        let delays: Vec<_> = (1..=10).map(|count| delay(open_circuit, count).as_secs()).collect();
        assert_eq!(delays, [5, 5, 5, 8, 16, 32, 64, 120, 120, 120]);
        // A longer wait is kept however often the record has come.
        let refund = Wait::AtLeast(Duration::from_secs(600));
        assert_eq!(delay(refund, 9).as_secs(), 600);
    }

    #[test]
    fn a_lease_is_not_waited_for_to_its_end_at_once() {
        let within = Wait::AtMost(Duration::from_millis(14_500));
        let delays: Vec<_> = (1..=6).map(|count| delay(within, count).as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 15, 15]);
    }

    #[test]
    fn a_reason_has_only_what_a_queue_takes() {
        assert_eq!(printable("a\0b\u{1b}[31m\u{ffff}é"), "a\u{fffd}b\u{fffd}[31m\u{fffd}é");
        assert_eq!(printable(&"x".repeat(5000)).len(), REASON_LENGTH_MAX);
    }
}

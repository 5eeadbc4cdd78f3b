use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_sqs::{Client, types::MessageAttributeValue};
use runtime::BoxError;
use serde_json::json;

use crate::stored::table_of;

/// The largest message body, in bytes. SQS takes 1 MiB, of which the attributes are a part.
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>.
const BODY_BYTES_MAX: usize = 1024 * 1024 - 8 * 1024;
/// How much of a reason is kept as an attribute, in characters. The body has all of it.
const REASON_LENGTH_MAX: usize = 1024;

/// The queue for records that can never be published.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    client: Client,
    queue_url: String,
}

impl DeadLetters {
    /// Sends to the queue at `queue_url`.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        Self { client, queue_url: queue_url.into() }
    }

    /// Sends `record`: its table and key, the reasons, and the whole of it. Of one that is too
    /// large for a message, the table and the key lead to the item.
    ///
    /// # Errors
    ///
    /// When SQS does not accept it; the record must then be delivered again.
    pub(crate) async fn send(
        &self,
        record: &EventRecord,
        reasons: &[String],
    ) -> Result<(), BoxError> {
        let table = table_of(record).unwrap_or_default();
        let body = |record: Option<&EventRecord>, key| {
            json!({ "table": table, "key": key, "reasons": reasons, "record": record }).to_string()
        };
        let key = &record.change.keys;
        let mut whole = body(Some(record), key);
        if whole.len() > BODY_BYTES_MAX {
            whole = body(None, key);
        }
        let reason = reasons.join("; ");
        let attributes = [("table", table), ("reason", reason.as_str())];
        let attributes = attributes.into_iter().filter_map(|(name, value)| attribute(name, value));
        self.client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(sendable(&whole))
            .set_message_attributes(Some(attributes.collect()))
            .send()
            .await?;
        Ok(())
    }
}

/// `json` without the two characters that SQS refuses and JSON does not escape. They occur in
/// strings only.
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.
fn sendable(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

/// An attribute, unless it is empty, which SQS refuses.
fn attribute(name: &str, value: &str) -> Option<(String, MessageAttributeValue)> {
    let refused = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    let printable = value.chars().map(|c| if refused(c) { '\u{fffd}' } else { c });
    let text: String = printable.take(REASON_LENGTH_MAX).collect();
    let builder = MessageAttributeValue::builder().data_type("String").string_value(&text);
    let attribute = builder.build().ok()?;
    (!text.is_empty()).then(|| (name.to_owned(), attribute))
}

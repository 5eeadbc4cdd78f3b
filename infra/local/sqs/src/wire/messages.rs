//! The operations on single messages.

use local_core::AwsError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    request::{nonempty, object, queue_name, required},
    shapes::{Outgoing, received_members, sent_members},
};
use crate::{
    error,
    limits::{self, seconds},
    message::ReceiveRequest,
    sqs::Sqs,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    queue_url: Option<String>,
    #[serde(flatten)]
    message: Outgoing,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    queue_url: Option<String>,
    /// The older name of the next one; both count.
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessage {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeMessageVisibility {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

impl Sqs {
    pub(super) fn on_send_message(&self, request: SendMessage) -> Result<Value, AwsError> {
        let name = queue_name(request.queue_url)?;
        let sent = self.send(&name, request.message.outgoing()?)?;
        Ok(sent_members(&sent, None))
    }

    pub(super) async fn on_receive_message(
        &self,
        request: ReceiveMessage,
    ) -> Result<Value, AwsError> {
        let name = queue_name(request.queue_url)?;
        let mut system = request.message_system_attribute_names;
        system.extend(request.attribute_names);
        if let Some(name) = system.iter().find(|it| !SYSTEM_ATTRIBUTES.contains(&it.as_str())) {
            let message = format!("Unknown Attribute {name}.");
            return Err(error::sqs("InvalidAttributeName", message));
        }
        let max = request.max_number_of_messages.unwrap_or(1);
        let wait = match request.wait_time_seconds {
            Some(wait) => seconds("WaitTimeSeconds", wait, &limits::WAIT_SECONDS)?,
            None => self.queue_spec(&name)?.receive_wait,
        };
        let visibility = request
            .visibility_timeout
            .map(|timeout| seconds("VisibilityTimeout", timeout, &limits::VISIBILITY_SECONDS));
        // What does not fit is out of range, which `receive` refuses.
        let max = usize::try_from(max).unwrap_or(0);
        let receive = ReceiveRequest { max, wait, visibility: visibility.transpose()? };
        let messages = self.receive(&name, receive).await?;
        let members =
            |message| received_members(message, &system, &request.message_attribute_names);
        let messages = messages.into_iter().map(members).collect();
        Ok(object([("Messages", nonempty(messages))]))
    }

    pub(super) fn on_delete_message(&self, request: DeleteMessage) -> Result<Value, AwsError> {
        let name = queue_name(request.queue_url)?;
        self.delete(&name, &required(request.receipt_handle, "ReceiptHandle")?)?;
        Ok(json!({}))
    }

    pub(super) fn on_change_visibility(
        &self,
        request: ChangeMessageVisibility,
    ) -> Result<Value, AwsError> {
        let name = queue_name(request.queue_url)?;
        let handle = required(request.receipt_handle, "ReceiptHandle")?;
        self.change_visibility_seconds(&name, &handle, request.visibility_timeout)?;
        Ok(json!({}))
    }

    pub(super) fn change_visibility_seconds(
        &self,
        queue: &str,
        handle: &str,
        timeout: Option<i64>,
    ) -> Result<(), AwsError> {
        let timeout = timeout.ok_or_else(|| error::missing("VisibilityTimeout"))?;
        let timeout = seconds("VisibilityTimeout", timeout, &limits::VISIBILITY_SECONDS)?;
        self.change_visibility(queue, handle, timeout)
    }
}

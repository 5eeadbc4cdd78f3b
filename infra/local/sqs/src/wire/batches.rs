//! The operations on up to ten messages, of which each succeeds or fails for itself.

use std::collections::BTreeSet;

use local_core::AwsError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    request::{nonempty, object, queue_name, required},
    shapes::{Outgoing, sent_members},
};
use crate::{
    content, error,
    limits::{BATCH_ENTRIES_MAX, MESSAGE_BYTES_MAX},
    message::OutgoingMessage,
    sqs::Sqs,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<T> {
    queue_url: Option<String>,
    #[serde(default = "Vec::new")]
    entries: Vec<Entry<T>>,
}

#[derive(Deserialize)]
struct Entry<T> {
    #[serde(default, rename = "Id")]
    id: String,
    #[serde(flatten)]
    request: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    receipt_handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility {
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

impl Sqs {
    pub(super) fn on_send_batch(&self, batch: Batch<Outgoing>) -> Result<Value, AwsError> {
        let (queue, entries) = self.open(batch, "SendMessageBatchRequestEntry")?;
        let mut bytes = 0;
        let fifo = self.queue_spec(&queue)?.fifo;
        if fifo && entries.iter().any(|it| it.request.group().is_none()) {
            let message = "The request must contain the parameter MessageGroupId.";
            return Err(error::sqs("InvalidParameterValue", message));
        }
        let mut messages = Vec::with_capacity(entries.len());
        for Entry { id, request } in entries {
            let message = request.outgoing();
            if let Ok(OutgoingMessage { body, attributes, .. }) = &message {
                bytes += content::size(body, attributes);
            }
            messages.push((id, message));
        }
        if bytes > MESSAGE_BYTES_MAX {
            let message = format!(
                "Batch requests cannot be longer than {MESSAGE_BYTES_MAX} bytes. \
                                   You have sent {bytes} bytes."
            );
            return Err(error::sqs("BatchRequestTooLong", message));
        }
        let outcomes = messages.into_iter().map(|(id, message)| {
            let sent = message.and_then(|message| self.send(&queue, message));
            let outcome = sent.map(|sent| sent_members(&sent, Some(&id)));
            (id, outcome)
        });
        Ok(answer(outcomes))
    }

    pub(super) fn on_delete_batch(&self, batch: Batch<Delete>) -> Result<Value, AwsError> {
        let (queue, entries) = self.open(batch, "DeleteMessageBatchRequestEntry")?;
        let outcomes = entries.into_iter().map(|Entry { id, request }| {
            let handle = required(request.receipt_handle, "ReceiptHandle");
            let deleted = handle.and_then(|handle| self.delete(&queue, &handle));
            let outcome = deleted.map(|()| json!({"Id": id}));
            (id, outcome)
        });
        Ok(answer(outcomes))
    }

    pub(super) fn on_change_visibility_batch(
        &self,
        batch: Batch<ChangeVisibility>,
    ) -> Result<Value, AwsError> {
        let (queue, entries) = self.open(batch, "ChangeMessageVisibilityBatchRequestEntry")?;
        let outcomes = entries.into_iter().map(|Entry { id, request }| {
            let changed = required(request.receipt_handle, "ReceiptHandle").and_then(|handle| {
                self.change_visibility_seconds(&queue, &handle, request.visibility_timeout)
            });
            let outcome = changed.map(|()| json!({"Id": id}));
            (id, outcome)
        });
        Ok(answer(outcomes))
    }

    /// The queue and the entries of a batch that is well formed as a whole.
    fn open<T>(&self, batch: Batch<T>, shape: &str) -> Result<(String, Vec<Entry<T>>), AwsError> {
        let queue = queue_name(batch.queue_url)?;
        self.depth(&queue)?;
        let count = batch.entries.len();
        if count == 0 {
            let message = format!("There should be at least one {shape} in the request.");
            return Err(error::sqs("EmptyBatchRequest", message));
        }
        if count > BATCH_ENTRIES_MAX {
            let message = format!(
                "Maximum number of entries per request are {BATCH_ENTRIES_MAX}. \
                                   You have sent {count}."
            );
            return Err(error::sqs("TooManyEntriesInBatchRequest", message));
        }
        let mut ids = BTreeSet::new();
        for Entry { id, .. } in &batch.entries {
            if !is_entry_id(id) {
                let message = "A batch entry id can only contain alphanumeric characters, hyphens \
                               and underscores. It can be at most 80 letters long.";
                return Err(error::sqs("InvalidBatchEntryId", message));
            }
            if !ids.insert(id.as_str()) {
                let message = format!("Id {id} repeated.");
                return Err(error::sqs("BatchEntryIdsNotDistinct", message));
            }
        }
        Ok((queue, batch.entries))
    }
}

fn is_entry_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=80).contains(&id.len()) && id.bytes().all(allowed)
}

fn answer(outcomes: impl Iterator<Item = (String, Result<Value, AwsError>)>) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, outcome) in outcomes {
        match outcome {
            Ok(members) => successful.push(members),
            Err(error) => failed.push(json!({
                "Id": id,
                "SenderFault": error.status < 500,
                "Code": error::query_code(&error),
                "Message": error.message,
            })),
        }
    }
    object([("Successful", nonempty(successful)), ("Failed", nonempty(failed))])
}

//! The shapes of messages on the wire.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use local_core::AwsError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{object, required};
use crate::{
    digest, error,
    limits::{self, seconds},
    message::{AttributeValue, MessageAttribute, OutgoingMessage, ReceivedMessage, SentMessage},
};

/// The part that a single send and an entry of a batch have in common.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Outgoing {
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: BTreeMap<String, WireAttribute>,
    #[serde(default)]
    message_system_attributes: BTreeMap<String, WireAttribute>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireAttribute {
    data_type: Option<String>,
    string_value: Option<String>,
    binary_value: Option<String>,
}

impl Outgoing {
    /// The message group, if it names one.
    pub(super) fn group(&self) -> Option<&str> {
        self.message_group_id.as_deref()
    }

    pub(super) fn outgoing(self) -> Result<OutgoingMessage, AwsError> {
        let delay = self
            .delay_seconds
            .map(|delay| seconds("DelaySeconds", delay, &limits::DELAY_SECONDS))
            .transpose()?;
        let attribute = |(name, attribute): (String, WireAttribute)| {
            attribute.attribute(&name).map(|attribute| (name, attribute))
        };
        let attributes: Result<_, _> = self.message_attributes.into_iter().map(attribute).collect();
        Ok(OutgoingMessage {
            body: required(self.message_body, "MessageBody")?,
            attributes: attributes?,
            delay,
            group_id: self.message_group_id,
            deduplication_id: self.message_deduplication_id,
            trace_header: trace_header(self.message_system_attributes)?,
        })
    }
}

impl WireAttribute {
    fn attribute(self, name: &str) -> Result<MessageAttribute, AwsError> {
        let refuse = |reason: &str| {
            let message = format!("The message attribute '{name}' is invalid. Reason: {reason}");
            Err(error::sqs("InvalidParameterValue", message))
        };
        let Some(data_type) = self.data_type.filter(|data_type| !data_type.is_empty()) else {
            return refuse("It must contain a non-empty data type.");
        };
        let value = match (self.string_value, self.binary_value) {
            (Some(text), None) => AttributeValue::Text(text),
            (None, Some(encoded)) => match BASE64.decode(encoded) {
                Ok(bytes) => AttributeValue::Binary(bytes),
                Err(_) => return refuse("BinaryValue is not in Base64."),
            },
            (None, None) | (Some(_), Some(_)) => {
                return refuse("It must contain either StringValue or BinaryValue.");
            }
        };
        Ok(MessageAttribute { data_type, value })
    }
}

fn trace_header(system: BTreeMap<String, WireAttribute>) -> Result<Option<String>, AwsError> {
    let mut header = None;
    for (name, attribute) in system {
        match attribute.attribute(&name)? {
            MessageAttribute { data_type, value: AttributeValue::Text(text) }
                if name == "AWSTraceHeader" && data_type == "String" =>
            {
                header = Some(text);
            }
            MessageAttribute { .. } => {
                let message = format!(
                    "The message system attribute '{name}' is invalid: only \
                                       AWSTraceHeader of the type String is supported."
                );
                return Err(error::sqs("InvalidParameterValue", message));
            }
        }
    }
    Ok(header)
}

/// The answer to a send, with the id of the entry if it was one of a batch.
pub(super) fn sent_members(sent: &SentMessage, entry_id: Option<&str>) -> Value {
    let text = |value: &Option<String>| value.as_ref().map(|value| json!(value));
    object([
        ("Id", entry_id.map(|id| json!(id))),
        ("MessageId", Some(json!(sent.message_id))),
        ("MD5OfMessageBody", Some(json!(sent.md5_of_body))),
        ("MD5OfMessageAttributes", text(&sent.md5_of_attributes)),
        ("MD5OfMessageSystemAttributes", text(&sent.md5_of_system_attributes)),
        ("SequenceNumber", text(&sent.sequence_number)),
    ])
}

/// A received message, with those of its attributes that were asked for.
pub(super) fn received_members(
    mut message: ReceivedMessage,
    system: &[String],
    names: &[String],
) -> Value {
    let all = system.iter().any(|name| name == "All");
    message.attributes.retain(|name, _| all || system.contains(name));
    message.message_attributes.retain(|name, _| names.iter().any(|it| is_asked_for(it, name)));
    // Of what is returned, not of what was sent: it is what the client can check.
    let digest = digest::of_attributes(&message.message_attributes);
    let attributes = &message.message_attributes;
    let attributes: BTreeMap<_, _> =
        attributes.iter().map(|(name, attribute)| (name, attribute_members(attribute))).collect();
    object([
        ("MessageId", Some(json!(message.message_id))),
        ("ReceiptHandle", Some(json!(message.receipt_handle))),
        ("MD5OfBody", Some(json!(message.md5_of_body))),
        ("Body", Some(json!(message.body))),
        ("Attributes", (!message.attributes.is_empty()).then(|| json!(message.attributes))),
        ("MD5OfMessageAttributes", digest.map(Value::from)),
        ("MessageAttributes", (!attributes.is_empty()).then(|| json!(attributes))),
    ])
}

/// Whether `pattern` names the attribute: `All`, `*`, `.*`, a prefix as in `order.*`, or the name.
fn is_asked_for(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => ["All", "*"].contains(&pattern) || pattern == name,
    }
}

fn attribute_members(attribute: &MessageAttribute) -> Value {
    let data_type = &attribute.data_type;
    match &attribute.value {
        AttributeValue::Text(text) => json!({"DataType": data_type, "StringValue": text}),
        AttributeValue::Binary(bytes) => {
            json!({"DataType": data_type, "BinaryValue": BASE64.encode(bytes)})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_asked_for;

    #[test]
    fn a_prefix_or_all_asks_for_attributes_too() {
        for pattern in ["All", "*", ".*", "order.*", "order.total"] {
            assert!(is_asked_for(pattern, "order.total"), "{pattern}");
        }
        for pattern in ["order", "total.*", "order.total.*x"] {
            assert!(!is_asked_for(pattern, "order.total"), "{pattern}");
        }
    }
}

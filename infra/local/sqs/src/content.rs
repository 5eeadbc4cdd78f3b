//! What a message may contain, and how large it may be.
//!
//! Sources: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>,
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>.

use std::collections::BTreeMap;

use local_core::AwsError;

use crate::{
    digest, error,
    limits::MESSAGE_ATTRIBUTES_MAX,
    message::{AttributeValue, MessageAttribute, OutgoingMessage},
};

const NAME_LENGTH_MAX: usize = 256;
const ID_LENGTH_MAX: usize = 128;

/// A message whose content is within the rules that hold for every queue, with its digests.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) message: OutgoingMessage,
    pub(crate) md5_of_body: String,
    pub(crate) md5_of_attributes: Option<String>,
    pub(crate) md5_of_system_attributes: Option<String>,
    /// Body and attributes: what counts against the limits.
    pub(crate) bytes: usize,
}

impl Content {
    /// Checks and digests, which takes time and so happens before the queues are locked.
    pub(crate) fn new(message: OutgoingMessage) -> Result<Self, AwsError> {
        if message.body.is_empty() {
            return Err(error::missing("MessageBody"));
        }
        check_characters("message body", &message.body)?;
        if message.attributes.len() > MESSAGE_ATTRIBUTES_MAX {
            let found = message.attributes.len();
            let reason = format!(
                "Number of message attributes [{found}] exceeds the allowed \
                                  maximum [{MESSAGE_ATTRIBUTES_MAX}]."
            );
            return Err(error::sqs("InvalidParameterValue", reason));
        }
        for (name, attribute) in &message.attributes {
            check_attribute(name, attribute)?;
        }
        check_id("MessageGroupId", message.group_id.as_ref())?;
        check_id("MessageDeduplicationId", message.deduplication_id.as_ref())?;
        Ok(Self {
            md5_of_body: digest::of_body(&message.body),
            md5_of_attributes: digest::of_attributes(&message.attributes),
            md5_of_system_attributes: digest::of_trace_header(message.trace_header.as_ref()),
            bytes: size(&message.body, &message.attributes),
            message,
        })
    }
}

/// The bytes of body and attributes: names, types and values.
pub(crate) fn size(body: &str, attributes: &BTreeMap<String, MessageAttribute>) -> usize {
    let of_attribute = |(name, attribute): (&String, &MessageAttribute)| {
        let value = match &attribute.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        };
        name.len() + attribute.data_type.len() + value
    };
    body.len() + attributes.iter().map(of_attribute).sum::<usize>()
}

/// The characters of XML 1.0: <http://www.w3.org/TR/REC-xml/#charsets>.
fn check_characters(place: &str, text: &str) -> Result<(), AwsError> {
    let allowed = |it: char| match it {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        other => other >= ' ',
    };
    let Some(found) = text.chars().find(|it| !allowed(*it)) else { return Ok(()) };
    let message = format!(
        "Invalid binary character '#x{:X}' was found in the {place}, the set of allowed characters \
         is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        u32::from(found)
    );
    Err(error::sqs("InvalidMessageContents", message))
}

fn check_attribute(name: &str, attribute: &MessageAttribute) -> Result<(), AwsError> {
    let refuse = |reason: &str| {
        let message = format!("The message attribute '{name}' is invalid. Reason: {reason}");
        Err(error::sqs("InvalidParameterValue", message))
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.bytes().all(allowed) {
        return refuse("The name must have 1 to 256 of A-Z, a-z, 0-9, _, - and period.");
    }
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return refuse("The name must not start or end with a period, or have two in succession.");
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        return refuse("The name must not start with a prefix that is reserved: AWS. or Amazon.");
    }
    if attribute.data_type.len() > NAME_LENGTH_MAX {
        return refuse("The data type must have at most 256 characters.");
    }
    let base = attribute.data_type.split('.').next().unwrap_or_default();
    match (base, &attribute.value) {
        ("String" | "Number", AttributeValue::Text(text)) if text.is_empty() => {
            refuse("The value must not be empty.")
        }
        ("Binary", AttributeValue::Binary(bytes)) if bytes.is_empty() => {
            refuse("The value must not be empty.")
        }
        ("Number", AttributeValue::Text(text)) if text.trim().parse::<f64>().is_err() => {
            refuse("Can't cast the value to a number.")
        }
        ("String" | "Number", AttributeValue::Text(text)) => {
            // The same rule as for the body, but another error.
            check_characters(&format!("message attribute '{name}'"), text)
                .map_err(|refusal| error::sqs("InvalidParameterValue", refusal.message))
        }
        ("Binary", AttributeValue::Binary(_)) => Ok(()),
        ("String" | "Number" | "Binary", _) => refuse("The value is not of the data type."),
        (_, _) => refuse("The data type must start with String, Number or Binary."),
    }
}

/// A group or deduplication id: 1 to 128 of the visible ASCII characters.
fn check_id(parameter: &str, id: Option<&String>) -> Result<(), AwsError> {
    let Some(id) = id else { return Ok(()) };
    let lengths = 1..=ID_LENGTH_MAX;
    if lengths.contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let reason = "Can only include alphanumeric and punctuation characters. 1 to 128 in length.";
    Err(error::invalid(parameter, id, reason))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Content;
    use crate::message::{AttributeValue, MessageAttribute, OutgoingMessage};

    fn code_of(message: OutgoingMessage) -> String {
        Content::new(message).unwrap_err().short_code().to_owned()
    }

    fn with_attribute(name: &str, data_type: &str, value: AttributeValue) -> OutgoingMessage {
        let attribute = MessageAttribute { data_type: data_type.to_owned(), value };
        let attributes = BTreeMap::from([(name.to_owned(), attribute)]);
        OutgoingMessage { attributes, ..OutgoingMessage::new("body") }
    }

    #[test]
    fn a_body_is_not_empty_and_has_only_characters_of_xml() {
        assert_eq!(code_of(OutgoingMessage::new("")), "MissingParameter");
        for character in ["\0", "\u{b}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
            assert_eq!(code_of(OutgoingMessage::new(character)), "InvalidMessageContents");
        }
        assert!(Content::new(OutgoingMessage::new("\t\n\r \u{7f}\u{d7ff}\u{e000}😀")).is_ok());
    }

    #[test]
    fn an_attribute_has_a_valid_name_and_a_value_of_its_type() {
        let text = |value: &str| AttributeValue::Text(value.to_owned());
        for name in ["", ".a", "a.", "a..b", "AWS.x", "amazon.x", "a b", &"n".repeat(257)] {
            assert_eq!(
                code_of(with_attribute(name, "String", text("v"))),
                "InvalidParameterValue",
                "{name}"
            );
        }
        for (data_type, value) in [
            ("Text", text("v")),
            ("String", text("")),
            ("String", text("\0")),
            ("String", text("bell \u{7}")),
            ("Number", text("ten")),
            ("Binary", text("v")),
            ("Binary", AttributeValue::Binary(Vec::new())),
            ("String", AttributeValue::Binary(vec![1])),
        ] {
            assert_eq!(code_of(with_attribute("a", data_type, value)), "InvalidParameterValue");
        }
        assert!(Content::new(with_attribute("a.b-c_d", "Number.cents", text("-1.5e3"))).is_ok());
    }

    #[test]
    fn eleven_attributes_are_one_too_many() {
        let attribute = |n: usize| (format!("a{n}"), MessageAttribute::string("v"));
        let message = |count: usize| OutgoingMessage {
            attributes: (0..count).map(attribute).collect(),
            ..OutgoingMessage::new("body")
        };
        assert!(Content::new(message(10)).is_ok());
        assert_eq!(code_of(message(11)), "InvalidParameterValue");
    }

    #[test]
    fn the_size_counts_names_types_and_values() {
        let message = with_attribute("name", "String", AttributeValue::Text("äö".to_owned()));
        assert_eq!(Content::new(message).unwrap().bytes, 4 + 4 + 6 + 4);
    }
}

//! The MD5 digests by which clients check what they sent and received.
//!
//! Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation>.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use crate::message::{AttributeValue, MessageAttribute};

/// The digest of a body, in lowercase hex.
pub(crate) fn of_body(body: &str) -> String {
    hex::encode(Md5::digest(body.as_bytes()))
}

/// The digest of message attributes, in lowercase hex; none if there are none.
pub(crate) fn of_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a String, &'a MessageAttribute)>,
) -> Option<String> {
    // By name, whatever the order of the caller.
    let sorted: BTreeMap<_, _> = attributes.into_iter().collect();
    if sorted.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    for (name, attribute) in sorted {
        add(&mut digest, name.as_bytes());
        add(&mut digest, attribute.data_type.as_bytes());
        match &attribute.value {
            AttributeValue::Text(text) => {
                digest.update([1]);
                add(&mut digest, text.as_bytes());
            }
            AttributeValue::Binary(bytes) => {
                digest.update([2]);
                add(&mut digest, bytes);
            }
        }
    }
    Some(hex::encode(digest.finalize()))
}

/// The digest of the only system attribute that a sender can set.
pub(crate) fn of_trace_header(header: Option<&String>) -> Option<String> {
    let header = header?;
    let name = "AWSTraceHeader".to_owned();
    of_attributes([(&name, &MessageAttribute::string(header))])
}

/// Four bytes of length, most significant first, then the bytes.
fn add(digest: &mut Md5, bytes: &[u8]) {
    // A message has at most 1 MiB, so the length always fits.
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{of_attributes, of_body, of_trace_header};
    use crate::message::{AttributeValue, MessageAttribute};

    #[test]
    fn a_body_has_the_md5_of_its_bytes() {
        assert_eq!(of_body("hello"), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(of_trace_header(None), None);
    }

    // The expected digests are those of an independent implementation of the documented format.
    #[test]
    fn attributes_are_digested_in_the_order_of_their_names() {
        let number = MessageAttribute {
            data_type: "Number.cents".to_owned(),
            value: AttributeValue::Text("1099".to_owned()),
        };
        let binary = MessageAttribute {
            data_type: "Binary".to_owned(),
            value: AttributeValue::Binary(vec![0, 1, 2, 255]),
        };
        let attributes = BTreeMap::from([
            ("total".to_owned(), number),
            ("raw".to_owned(), binary),
            ("type".to_owned(), MessageAttribute::string("OrderCreated")),
        ]);
        let digest = of_attributes(&attributes);
        assert_eq!(digest, of_attributes(attributes.iter().rev()));
        assert_eq!(digest.as_deref(), Some("8fd8ffdcc05d3bb0591bd2c44ff5adff"));
        assert_eq!(of_attributes(&BTreeMap::new()), None);
    }
}

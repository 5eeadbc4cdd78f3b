//! The event that a function receives for messages of a queue.
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>.

use base64::{Engine, prelude::BASE64_STANDARD};
use local_core::REGION;
use local_sqs::{AttributeValue, MessageAttribute, ReceivedMessage, queue_arn};
use serde_json::{Map, Value, json};

/// A message of `queue` as an element of `Records`.
pub fn record(queue: &str, message: &ReceivedMessage) -> Value {
    let attributes: Map<String, Value> = message
        .message_attributes
        .iter()
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect();
    json!({
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": message.attributes,
        "messageAttributes": attributes,
        "md5OfBody": message.md5_of_body,
        // There in any case: null without attributes.
        "md5OfMessageAttributes": message.md5_of_attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn(queue),
        "awsRegion": REGION,
    })
}

fn attribute(attribute: &MessageAttribute) -> Value {
    let (member, value) = match &attribute.value {
        AttributeValue::Text(text) => ("stringValue", text.clone()),
        AttributeValue::Binary(bytes) => ("binaryValue", BASE64_STANDARD.encode(bytes)),
    };
    let mut json = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute.data_type,
    });
    json[member] = value.into();
    json
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::sqs::SqsEvent;
    use local_sqs::{OutgoingMessage, QueueSpec, ReceiveRequest, Sqs};

    use super::*;

    #[tokio::test]
    async fn a_record_is_what_the_event_types_expect() {
        let queues = Sqs::new("http://127.0.0.1:9000");
        queues.create_queue(QueueSpec::named("orders")).unwrap();
        let binary = AttributeValue::Binary(vec![0, 255]);
        let attributes = [
            ("kind".to_owned(), MessageAttribute::string("order")),
            ("raw".to_owned(), MessageAttribute { data_type: "Binary".to_owned(), value: binary }),
        ];
        let sent =
            OutgoingMessage { attributes: attributes.into(), ..OutgoingMessage::new("text") };
        let sent = queues.send("orders", sent).unwrap();
        let messages = queues.receive("orders", ReceiveRequest::default()).await.unwrap();

        let event = json!({ "Records": [record("orders", &messages[0])] });
        let digest = &event["Records"][0]["md5OfMessageAttributes"];
        assert_eq!(digest.as_str(), sent.md5_of_attributes.as_deref());
        assert!(digest.is_string());
        let event: SqsEvent = serde_json::from_value(event).unwrap();
        let record = &event.records[0];
        assert_eq!(record.body.as_deref(), Some("text"));
        assert_eq!(record.attributes["ApproximateReceiveCount"], "1");
        let arn = "arn:aws:sqs:us-east-1:000000000000:orders";
        assert_eq!(record.event_source_arn.as_deref(), Some(arn));
        assert_eq!(record.message_attributes["kind"].string_value.as_deref(), Some("order"));
        let raw = record.message_attributes["raw"].binary_value.as_ref().unwrap();
        assert_eq!(raw.0, [0, 255]);
    }
}

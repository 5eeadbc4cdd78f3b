//! The operations on messages over the wire, with bodies that an SDK would send.

use local_sqs::Sqs;
use serde_json::{Value, json};

use super::{URL, call, refused, wire_with_orders};

#[tokio::test]
async fn a_message_with_attributes_makes_the_round_trip() {
    let sqs = wire_with_orders().await;
    let sent = call(
        &sqs,
        "SendMessage",
        json!({
            "QueueUrl": URL,
            "MessageBody": "hello",
            "MessageAttributes": {
                "raw": {"DataType": "Binary", "BinaryValue": "AAEC/w=="},
                "total": {"DataType": "Number.cents", "StringValue": "1099"},
                "type": {"DataType": "String", "StringValue": "OrderCreated"},
            },
            "MessageSystemAttributes": {
                "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-0-0"},
            },
        }),
    )
    .await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(sent["MD5OfMessageAttributes"], "8fd8ffdcc05d3bb0591bd2c44ff5adff");
    assert!(sent["MD5OfMessageSystemAttributes"].is_string());
    let received = call(
        &sqs,
        "ReceiveMessage",
        json!({
            "QueueUrl": URL,
            "MessageSystemAttributeNames": ["AWSTraceHeader"],
            "AttributeNames": ["SentTimestamp"],
            "MessageAttributeNames": ["All"],
        }),
    )
    .await;
    let message = &received["Messages"][0];
    assert_eq!(message["MessageId"], sent["MessageId"]);
    assert_eq!(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    assert_eq!(message["MessageAttributes"]["raw"]["BinaryValue"], "AAEC/w==");
    let names: Vec<_> = message["Attributes"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["AWSTraceHeader", "SentTimestamp"]);
    let handle = &message["ReceiptHandle"];
    let deleted =
        call(&sqs, "DeleteMessage", json!({"QueueUrl": URL, "ReceiptHandle": handle})).await;
    assert_eq!(deleted, json!({}));
    assert_eq!(call(&sqs, "ReceiveMessage", json!({"QueueUrl": URL})).await, json!({}));
}

#[tokio::test]
async fn only_the_attributes_asked_for_are_returned_and_digested() {
    let sqs = wire_with_orders().await;
    let attributes = json!({
        "order.id": {"DataType": "String", "StringValue": "o-1"},
        "type": {"DataType": "String", "StringValue": "t"},
    });
    let message = json!({"QueueUrl": URL, "MessageBody": "a", "MessageAttributes": attributes});
    let sent = call(&sqs, "SendMessage", message).await;
    let receive = |names: Value| json!({"QueueUrl": URL, "VisibilityTimeout": 0, "MessageAttributeNames": names});
    let none = call(&sqs, "ReceiveMessage", receive(json!([]))).await;
    assert_eq!(none["Messages"][0]["MessageAttributes"], Value::Null);
    assert_eq!(none["Messages"][0]["MD5OfMessageAttributes"], Value::Null);
    let some = call(&sqs, "ReceiveMessage", receive(json!(["order.*"]))).await;
    let returned = some["Messages"][0]["MessageAttributes"].as_object().unwrap();
    assert_eq!(returned.keys().collect::<Vec<_>>(), ["order.id"]);
    assert_ne!(some["Messages"][0]["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
}

#[tokio::test]
async fn each_entry_of_a_batch_succeeds_or_fails_for_itself() {
    let sqs = wire_with_orders().await;
    let entries = json!([
        {"Id": "good", "MessageBody": "a"},
        {"Id": "bad", "MessageBody": "\u{0}"},
        {"Id": "empty"},
        {"Id": "late", "MessageBody": "b", "DelaySeconds": 901},
    ]);
    let sent = call(&sqs, "SendMessageBatch", json!({"QueueUrl": URL, "Entries": entries})).await;
    assert_eq!(sent["Successful"].as_array().unwrap().len(), 1);
    assert_eq!(sent["Successful"][0]["Id"], "good");
    let failed: Vec<_> = sent["Failed"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = failed.iter().map(|it| (&it["Id"], &it["Code"])).collect();
    assert_eq!(codes[0], (&json!("bad"), &json!("InvalidMessageContents")));
    assert_eq!(codes[1], (&json!("empty"), &json!("MissingParameter")));
    assert_eq!(codes[2], (&json!("late"), &json!("InvalidParameterValue")));
    assert!(failed.iter().all(|it| it["SenderFault"] == true));

    let received = call(&sqs, "ReceiveMessage", json!({"QueueUrl": URL})).await;
    let handle = &received["Messages"][0]["ReceiptHandle"];
    let entries = json!([
        {"Id": "1", "ReceiptHandle": handle, "VisibilityTimeout": 0},
        {"Id": "2", "ReceiptHandle": handle, "VisibilityTimeout": 0},
    ]);
    let request = json!({"QueueUrl": URL, "Entries": entries});
    let changed = call(&sqs, "ChangeMessageVisibilityBatch", request).await;
    assert_eq!(changed["Successful"], json!([{"Id": "1"}]));
    assert_eq!(changed["Failed"][0]["Code"], "AWS.SimpleQueueService.MessageNotInflight");
    let entries = json!([{"Id": "1", "ReceiptHandle": handle}, {"Id": "2", "ReceiptHandle": "x"}]);
    let request = json!({"QueueUrl": URL, "Entries": entries});
    let deleted = call(&sqs, "DeleteMessageBatch", request).await;
    assert_eq!(deleted["Successful"], json!([{"Id": "1"}]));
    assert_eq!(deleted["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
    assert_eq!(sqs.depth("orders").unwrap().total(), 0);
}

#[tokio::test]
async fn a_batch_that_breaks_a_rule_as_a_whole_sends_nothing() {
    let sqs = wire_with_orders().await;
    let entry = |id: &str| json!({"Id": id, "MessageBody": "a"});
    let eleven: Vec<_> = (0..11).map(|n| entry(&n.to_string())).collect();
    let large = "x".repeat(600_000);
    let long = [json!({"Id": "1", "MessageBody": large}), json!({"Id": "2", "MessageBody": large})];
    for (entries, code) in [
        (json!([]), "EmptyBatchRequest"),
        (json!(eleven), "TooManyEntriesInBatchRequest"),
        (json!([entry("a"), entry("a")]), "BatchEntryIdsNotDistinct"),
        (json!([entry("a b")]), "InvalidBatchEntryId"),
        (json!([entry(&"a".repeat(81))]), "InvalidBatchEntryId"),
        (json!(long), "BatchRequestTooLong"),
    ] {
        let request = json!({"QueueUrl": URL, "Entries": entries});
        let found = refused(&sqs, "SendMessageBatch", request).await;
        assert_eq!(found, format!("com.amazonaws.sqs#{code}"));
    }
    assert_eq!(sqs.depth("orders").unwrap().total(), 0);
}

#[tokio::test]
async fn requests_that_say_too_little_or_nonsense_are_refused() {
    let sqs = wire_with_orders().await;
    let nowhere = "http://127.0.0.1:9000/000000000000/nowhere";
    for (operation, request, code) in [
        ("SendMessage", json!({"MessageBody": "a"}), "MissingRequiredParameterException"),
        ("SendMessage", json!({"QueueUrl": URL}), "MissingRequiredParameterException"),
        ("SendMessage", json!({"QueueUrl": "at/orders", "MessageBody": "a"}), "InvalidAddress"),
        ("SendMessage", json!({"QueueUrl": nowhere, "MessageBody": "a"}), "QueueDoesNotExist"),
        (
            "ReceiveMessage",
            json!({"QueueUrl": URL, "MaxNumberOfMessages": -1}),
            "InvalidParameterValueException",
        ),
        (
            "ReceiveMessage",
            json!({"QueueUrl": URL, "WaitTimeSeconds": 21}),
            "InvalidParameterValueException",
        ),
        (
            "ReceiveMessage",
            json!({"QueueUrl": URL, "AttributeNames": ["x"]}),
            "InvalidAttributeName",
        ),
        ("DeleteMessage", json!({"QueueUrl": URL}), "MissingRequiredParameterException"),
        ("DeleteMessage", json!({"QueueUrl": URL, "ReceiptHandle": "x"}), "ReceiptHandleIsInvalid"),
        (
            "ChangeMessageVisibility",
            json!({"QueueUrl": URL, "ReceiptHandle": "x"}),
            "MissingRequiredParameterException",
        ),
        ("CreateQueue", json!({}), "MissingRequiredParameterException"),
        ("CreateQueue", json!({"QueueName": "a.b"}), "InvalidParameterValueException"),
        ("StartMessageMoveTask", json!({"SourceArn": "x"}), "InvalidParameterValueException"),
        ("CancelMessageMoveTask", json!({"TaskHandle": "x"}), "InvalidParameterValueException"),
        (
            "CancelMessageMoveTask",
            json!({"TaskHandle": "00000000-0000-4000-8000-000000000000"}),
            "ResourceNotFoundException",
        ),
    ] {
        let found = refused(&sqs, operation, request.clone()).await;
        assert_eq!(found, format!("com.amazonaws.sqs#{code}"), "{operation} {request}");
    }
    let code = refused(&sqs, "SendMessage", json!({"QueueUrl": 1})).await;
    assert_eq!(code, "com.amazon.coral.service#SerializationException");
    assert_eq!(refused(&sqs, "Sing", json!({})).await, "UnknownOperationException");
}

#[tokio::test]
async fn a_fifo_queue_numbers_its_messages_and_knows_duplicates() {
    let sqs = Sqs::new("http://127.0.0.1:9000");
    let attributes = json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"});
    let create = json!({"QueueName": "orders.fifo", "Attributes": attributes});
    let url = call(&sqs, "CreateQueue", create).await["QueueUrl"].take();
    let message = json!({"QueueUrl": url, "MessageBody": "a", "MessageGroupId": "g"});
    let first = call(&sqs, "SendMessage", message.clone()).await;
    assert_eq!(first["SequenceNumber"].as_str().unwrap().len(), 20);
    assert_eq!(call(&sqs, "SendMessage", message).await, first);
    assert_eq!(sqs.depth("orders.fifo").unwrap().visible, 1);
    let receive = json!({"QueueUrl": url, "MessageSystemAttributeNames": ["All"]});
    let received = call(&sqs, "ReceiveMessage", receive).await;
    let attributes = &received["Messages"][0]["Attributes"];
    assert_eq!(attributes["MessageGroupId"], "g");
    assert_eq!(attributes["SequenceNumber"], first["SequenceNumber"]);
    assert_eq!(attributes["MessageDeduplicationId"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn a_batch_to_a_fifo_queue_without_a_group_fails_as_a_whole() {
    let sqs = Sqs::new("http://127.0.0.1:9000");
    let attributes = json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"});
    let create = json!({"QueueName": "orders.fifo", "Attributes": attributes});
    let url = call(&sqs, "CreateQueue", create).await["QueueUrl"].take();
    let entries = json!([
        {"Id": "1", "MessageBody": "a", "MessageGroupId": "g"},
        {"Id": "2", "MessageBody": "b"},
    ]);
    let request = json!({"QueueUrl": url, "Entries": entries});
    let code = refused(&sqs, "SendMessageBatch", request).await;
    assert_eq!(code, "com.amazonaws.sqs#InvalidParameterValueException");
    assert_eq!(sqs.depth("orders.fifo").unwrap().total(), 0);
}

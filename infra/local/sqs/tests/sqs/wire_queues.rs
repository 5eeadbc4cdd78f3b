//! The operations on queues over the wire, with bodies that an SDK would send.

use local_sqs::queue_arn;
use serde_json::{Value, json};

use super::{
    DEAD_URL, URL, call, refused, try_call, wire_with_dead_letter_queue, wire_with_orders,
};

#[tokio::test]
async fn queues_are_found_listed_tagged_and_deleted() {
    let sqs = wire_with_orders().await;
    for name in ["others", "orders-2"] {
        call(&sqs, "CreateQueue", json!({"QueueName": name, "tags": {"team": "a"}})).await;
    }
    let url = call(&sqs, "GetQueueUrl", json!({"QueueName": "orders"})).await;
    assert_eq!(url["QueueUrl"], URL);
    let list = json!({"QueueNamePrefix": "orders", "MaxResults": 1});
    let first = call(&sqs, "ListQueues", list).await;
    assert_eq!(first["QueueUrls"], json!([URL]));
    let rest = json!({"QueueNamePrefix": "orders", "NextToken": first["NextToken"]});
    let rest = call(&sqs, "ListQueues", rest).await;
    assert_eq!(rest, json!({"QueueUrls": [format!("{URL}-2")]}));

    call(&sqs, "TagQueue", json!({"QueueUrl": URL, "Tags": {"a": "1", "b": "2"}})).await;
    call(&sqs, "UntagQueue", json!({"QueueUrl": URL, "TagKeys": ["a"]})).await;
    let tags = call(&sqs, "ListQueueTags", json!({"QueueUrl": URL})).await;
    assert_eq!(tags, json!({"Tags": {"b": "2"}}));

    call(&sqs, "DeleteQueue", json!({"QueueUrl": URL})).await;
    let code = refused(&sqs, "GetQueueUrl", json!({"QueueName": "orders"})).await;
    assert_eq!(code, "com.amazonaws.sqs#QueueDoesNotExist");
    let code = refused(&sqs, "CreateQueue", json!({"QueueName": "orders"})).await;
    assert_eq!(code, "com.amazonaws.sqs#QueueDeletedRecently");
}

#[tokio::test]
async fn attributes_are_set_kept_and_given_back() {
    let sqs = wire_with_dead_letter_queue().await;
    let attributes = json!({
        "VisibilityTimeout": "60", "DelaySeconds": "5", "MaximumMessageSize": "2048",
        "MessageRetentionPeriod": "60", "ReceiveMessageWaitTimeSeconds": "1",
        "Policy": "{}", "SqsManagedSseEnabled": "true",
    });
    let set = json!({"QueueUrl": URL, "Attributes": attributes});
    assert_eq!(call(&sqs, "SetQueueAttributes", set).await, json!({}));
    call(&sqs, "SendMessage", json!({"QueueUrl": URL, "MessageBody": "delayed"})).await;
    let get = |names: Value| json!({"QueueUrl": URL, "AttributeNames": names});
    let all = call(&sqs, "GetQueueAttributes", get(json!(["All"]))).await["Attributes"].take();
    for (name, value) in attributes.as_object().unwrap() {
        assert_eq!(&all[name], value, "{name}");
    }
    assert_eq!(all["QueueArn"], queue_arn("orders"));
    assert_eq!(all["ApproximateNumberOfMessagesDelayed"], "1");
    assert!(all["RedrivePolicy"].as_str().unwrap().contains("\"maxReceiveCount\":1"));
    assert_eq!(all.get("FifoQueue"), None);
    let one = call(&sqs, "GetQueueAttributes", get(json!(["DelaySeconds"]))).await;
    assert_eq!(one, json!({"Attributes": {"DelaySeconds": "5"}}));
    assert_eq!(call(&sqs, "GetQueueAttributes", get(json!([]))).await, json!({}));

    let same = json!({"QueueName": "orders", "Attributes": {"DelaySeconds": "5"}});
    assert_eq!(call(&sqs, "CreateQueue", same).await["QueueUrl"], URL);
    let other = json!({"QueueName": "orders", "Attributes": {"DelaySeconds": "6"}});
    let code = refused(&sqs, "CreateQueue", other).await;
    assert_eq!(code, "com.amazonaws.sqs#QueueNameExists");
}

#[tokio::test]
async fn attributes_that_aws_refuses_are_refused() {
    let sqs = wire_with_dead_letter_queue().await;
    let missing =
        json!({"deadLetterTargetArn": queue_arn("none"), "maxReceiveCount": 1}).to_string();
    let deny = json!({"redrivePermission": "denyAll"}).to_string();
    let set = json!({"QueueUrl": DEAD_URL, "Attributes": {"RedriveAllowPolicy": deny}});
    call(&sqs, "SetQueueAttributes", set).await;
    let denied = json!({"deadLetterTargetArn": queue_arn("orders-dead"), "maxReceiveCount": 1});
    for (name, value, code) in [
        ("VisibilityTimeout", "43201", "InvalidAttributeValue"),
        ("DelaySeconds", "soon", "InvalidAttributeValue"),
        ("MaximumMessageSize", "1048577", "InvalidAttributeValue"),
        ("Policy", "{", "InvalidAttributeValue"),
        ("FifoQueue", "true", "InvalidAttributeName"),
        ("FifoQueue", "false", "InvalidAttributeName"),
        ("ContentBasedDeduplication", "false", "InvalidAttributeName"),
        ("QueueArn", "x", "InvalidAttributeName"),
        ("Colour", "red", "InvalidAttributeName"),
        ("DeduplicationScope", "queue", "InvalidAttributeName"),
        ("RedrivePolicy", "{}", "InvalidParameterValueException"),
        ("RedrivePolicy", &missing, "InvalidParameterValueException"),
        ("RedrivePolicy", &denied.to_string(), "InvalidParameterValueException"),
    ] {
        let request = json!({"QueueUrl": URL, "Attributes": {name: value}});
        let found = refused(&sqs, "SetQueueAttributes", request).await;
        assert_eq!(found, format!("com.amazonaws.sqs#{code}"), "{name} = {value}");
    }
    let request = json!({"QueueUrl": URL, "AttributeNames": ["Colour"]});
    let code = refused(&sqs, "GetQueueAttributes", request).await;
    assert_eq!(code, "com.amazonaws.sqs#InvalidAttributeName");
}

#[tokio::test]
async fn dead_letters_are_redriven_to_where_they_came_from() {
    let sqs = wire_with_dead_letter_queue().await;
    call(&sqs, "SendMessage", json!({"QueueUrl": URL, "MessageBody": "poison"})).await;
    let receive = json!({"QueueUrl": URL, "VisibilityTimeout": 0});
    assert!(call(&sqs, "ReceiveMessage", receive.clone()).await["Messages"].is_array());
    assert_eq!(call(&sqs, "ReceiveMessage", receive).await, json!({}));
    let sources = call(&sqs, "ListDeadLetterSourceQueues", json!({"QueueUrl": DEAD_URL})).await;
    assert_eq!(sources, json!({"queueUrls": [URL]}));

    let source = json!({"SourceArn": queue_arn("orders-dead")});
    assert_eq!(call(&sqs, "ListMessageMoveTasks", source.clone()).await, json!({}));
    let started = call(&sqs, "StartMessageMoveTask", source.clone()).await;
    assert!(started["TaskHandle"].is_string());
    let task = loop {
        let listed = call(&sqs, "ListMessageMoveTasks", source.clone()).await;
        if listed["Results"][0]["Status"] != "RUNNING" {
            break listed["Results"][0].clone();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(task["Status"], "COMPLETED");
    assert_eq!(task["ApproximateNumberOfMessagesMoved"], 1);
    assert_eq!(task.get("TaskHandle"), None);
    let cancel = json!({"TaskHandle": started["TaskHandle"]});
    let code = refused(&sqs, "CancelMessageMoveTask", cancel).await;
    assert_eq!(code, "com.amazonaws.sqs#UnsupportedOperation");
    assert_eq!(sqs.depth("orders").unwrap().visible, 1);
    assert_eq!(sqs.depth("orders-dead").unwrap().total(), 0);
}

#[tokio::test]
async fn a_purge_empties_the_queue_once_a_minute() {
    let sqs = wire_with_orders().await;
    call(&sqs, "SendMessage", json!({"QueueUrl": URL, "MessageBody": "a"})).await;
    assert_eq!(call(&sqs, "PurgeQueue", json!({"QueueUrl": URL})).await, json!({}));
    assert_eq!(sqs.depth("orders").unwrap().total(), 0);
    let refusal = try_call(&sqs, "PurgeQueue", json!({"QueueUrl": URL})).await.unwrap_err();
    assert_eq!(refusal.code, "com.amazonaws.sqs#PurgeQueueInProgress");
    assert_eq!(refusal.status, 403);
}

#[tokio::test]
async fn a_standard_queue_is_made_by_leaving_out_what_fifo_queues_have() {
    let sqs = wire_with_orders().await;
    for attribute in ["FifoQueue", "ContentBasedDeduplication"] {
        let request = json!({"QueueName": "parcels", "Attributes": {attribute: "false"}});
        let code = refused(&sqs, "CreateQueue", request).await;
        assert_eq!(code, "com.amazonaws.sqs#InvalidAttributeName", "{attribute}");
    }
}

#[tokio::test]
async fn what_holds_by_default_is_said() {
    let sqs = wire_with_orders().await;
    let fifo = json!({"FifoQueue": "true"});
    call(&sqs, "CreateQueue", json!({"QueueName": "orders.fifo", "Attributes": fifo})).await;
    let key = json!({"KmsMasterKeyId": "alias/orders"});
    call(&sqs, "CreateQueue", json!({"QueueName": "orders-key", "Attributes": key})).await;
    let mut attributes = Vec::new();
    for url in [URL.to_owned(), format!("{URL}.fifo"), format!("{URL}-key")] {
        let get = json!({"QueueUrl": url, "AttributeNames": ["All"]});
        attributes.push(call(&sqs, "GetQueueAttributes", get).await["Attributes"].take());
    }
    let member = |name: &str| attributes.iter().map(|it| it[name].clone()).collect::<Vec<_>>();
    assert_eq!(member("SqsManagedSseEnabled"), ["true", "true", "false"]);
    assert_eq!(member("DeduplicationScope"), [json!(null), json!("queue"), json!(null)]);
    assert_eq!(member("FifoThroughputLimit"), [json!(null), json!("perQueue"), json!(null)]);
}

//! Records that are not as Lambda documents them, and events of other sources.

use std::future::ready;

use aws_lambda_events::dynamodb::EventRecord;
use lambda::batch::{Disposition, Poison, Queue, QueueBatch, TableBatch, TableStream};
use runtime::Failure;
use serde_json::{Value, json};
use tower::service_fn;

use crate::{
    plan::{End, Plan, Step},
    records::{STANDARD, change, checkpoint, key, messages, named, sequence_number},
};

fn plan() -> Plan {
    let step = |_| Step { key: None, end: End::Done, yields: 1 };
    Plan::new(&(0..3).map(step).collect::<Vec<_>>())
}

/// Three records of a queue; the second with `change` made to it.
fn queue(change: impl Fn(&mut Value)) -> QueueBatch {
    let record = |number: usize| {
        json!({
            "messageId": format!("message-{number}"), "receiptHandle": "handle",
            "body": number.to_string(), "md5OfBody": "0", "messageAttributes": {},
            "attributes": { "ApproximateReceiveCount": "2", "SentTimestamp": "1763375400000" },
            "eventSource": "aws:sqs", "eventSourceARN": STANDARD, "awsRegion": "eu-west-1",
        })
    };
    let mut records = [record(0), record(1), record(2)];
    change(&mut records[1]);
    serde_json::from_str(&json!({ "Records": records }).to_string()).unwrap()
}

#[tokio::test]
async fn the_same_in_another_form_costs_nothing() {
    let changes: [fn(&mut Value); 8] = [
        |it| it["attributes"] = Value::Null,
        |it| it["attributes"]["AWSTraceHeader"] = Value::Null,
        |it| it["attributes"]["ApproximateReceiveCount"] = json!(2),
        |it| it["attributes"]["SequenceNumber"] = json!(true),
        |it| it["messageAttributes"] = Value::Null,
        |it| it["messageAttributes"]["kind"] = json!({ "dataType": "String", "stringValue": "a" }),
        |it| it["laterField"] = json!([{ "a": 1 }]),
        |it| drop(it.as_object_mut().unwrap().remove("md5OfBody")),
    ];
    for change in changes {
        let plan = plan();
        let batch = queue(change);
        let response = Queue::new(plan.service()).on_poison(plan.poison()).handle(batch).await;
        assert_eq!(named(&response), [""; 0]);
        assert_eq!(plan.seen().handled, [0, 1, 2]);
    }
    assert_eq!(lambda::batch::receive_count(&queue(changes_count).records[1].message), 7);
}

fn changes_count(record: &mut Value) {
    record["attributes"]["ApproximateReceiveCount"] = json!(7);
}

/// Makes a record malformed.
type Change = fn(&mut Value);

#[tokio::test]
async fn a_malformed_record_costs_one_record_and_its_reason_names_the_field() {
    let changes: [(Change, &str); 9] = [
        (|it| it["body"] = json!({ "b": [2] }), "body cannot be read: it is an object"),
        (|it| it["body"] = json!(7), "body cannot be read: it is a number"),
        (|it| it["attributes"] = json!("none"), "attributes cannot be read: it is a text"),
        (|it| it["attributes"]["SenderId"] = json!({}), "attributes.SenderId cannot be read"),
        (|it| it["receiptHandle"] = json!([]), "receiptHandle cannot be read: it is a list"),
        (|it| it["eventSourceARN"] = json!(false), "eventSourceARN cannot be read"),
        (|it| it["messageAttributes"] = json!(3), "messageAttributes cannot be read"),
        (
            |it| {
                it["messageAttributes"]["raw"] = json!({ "dataType": "Binary", "binaryValue": "~" })
            },
            "messageAttributes.raw cannot be read",
        ),
        (|it| it["messageAttributes"]["raw"] = json!("bare"), "messageAttributes.raw"),
    ];
    for (change, why) in changes {
        let plan = plan();
        let dead_lettered = service_fn(move |Poison { record, reason }: Poison<_>| {
            let record: aws_lambda_events::sqs::SqsMessage = record;
            assert_eq!(record.message_id.as_deref(), Some("message-1"));
            assert!(record.body.is_some(), "what came is kept");
            assert!(reason.to_string().contains(why), "{reason}");
            ready(Ok::<_, &str>(Disposition::DeadLettered))
        });
        let response =
            Queue::new(plan.service()).on_poison(dead_lettered).handle(queue(change)).await;
        assert_eq!(named(&response), [""; 0], "{why}");
        assert_eq!(plan.seen().handled, [0, 2], "{why}");

        let left = Queue::new(plan.service()).handle(queue(change)).await;
        assert_eq!(named(&left), ["message-1"], "{why}");
    }
}

#[tokio::test]
async fn a_record_without_an_id_has_its_batch_delivered_again() {
    let changes: [fn(&mut Value); 6] = [
        |it| it["messageId"] = Value::Null,
        |it| it["messageId"] = json!(""),
        |it| it["messageId"] = json!(5),
        |it| drop(it.as_object_mut().unwrap().remove("messageId")),
        |it| *it = Value::Null,
        |it| *it = json!("text"),
    ];
    for change in changes {
        let plan = plan();
        let queue_of = Queue::new(plan.service()).on_poison(plan.poison());
        assert_eq!(named(&queue_of.handle(queue(change)).await), [""]);
        let seen = plan.seen();
        assert_eq!(seen.handled, [0, 2]);
        assert!(seen.poison.is_empty(), "what is not known to be a message is not dead-lettered");
    }
}

/// Three records of a stream; the second with `spoil` applied to it.
fn stream(spoil: impl Fn(&mut Value)) -> Result<TableBatch, serde_json::Error> {
    let record = |number: usize| {
        serde_json::to_value(change(number, json!({ "id": { "S": number.to_string() } }))).unwrap()
    };
    let mut records = [record(0), record(1), record(2)];
    records.iter_mut().for_each(|it| it["eventSource"] = json!("aws:dynamodb"));
    spoil(&mut records[1]);
    serde_json::from_str(&json!({ "Records": records }).to_string())
}

#[tokio::test]
async fn a_malformed_record_of_a_stream_is_the_one_that_is_named() {
    let changes: [fn(&mut Value); 7] = [
        |it| it["dynamodb"]["NewImage"] = json!({ "total": { "N": 5 } }),
        |it| it["dynamodb"]["NewImage"] = json!("gone"),
        |it| it["dynamodb"]["NewImage"] = json!({ "total": { "Money": "5" } }),
        |it| it["dynamodb"]["ApproximateCreationDateTime"] = json!("today"),
        |it| it["eventName"] = json!(4),
        |it| it["eventID"] = Value::Null,
        |it| it["dynamodb"]["SequenceNumber"] = json!(996),
    ];
    for change in changes {
        let plan = plan();
        let batch = stream(change).unwrap();
        let malformed = batch.records[1].malformed.clone().unwrap();
        assert!(malformed.to_string().starts_with("the record's field "), "{malformed}");
        let number = batch.records[1].record.change.sequence_number.clone().unwrap();
        assert!(number == sequence_number(1) || number == "996");
        let response = TableStream::new(plan.service(), lambda::batch::LeaveToRedrive)
            .handle(batch.clone())
            .await;
        assert_eq!(checkpoint(&response), Some(Some(number.as_str())));
        assert_eq!(plan.seen().handled, [0, 2]);

        // Those who read records themselves find no image, and not that nothing happened.
        let event = aws_lambda_events::dynamodb::Event::from(batch);
        assert!(["INSERT", "MODIFY"].contains(&event.records[1].event_name.as_str()));
        assert!(event.records[1].change.new_image.is_empty());
    }
    let unnamed = stream(|it| it["dynamodb"] = json!([])).unwrap();
    let refuse = service_fn(async |_: EventRecord| Err(Failure::retry("not now")));
    let response = TableStream::new(refuse, lambda::batch::LeaveToRedrive).handle(unnamed).await;
    assert_eq!(checkpoint(&response), Some(None), "the whole batch");
}

#[test]
fn what_a_stream_may_contain_is_not_malformed() {
    let changes: [fn(&mut Value); 4] = [
        |it| it["dynamodb"]["ApproximateCreationDateTime"] = json!(1.763_375_4e9),
        |it| {
            it["eventName"] = json!("REMOVE");
            it["userIdentity"] =
                json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
        },
        |it| it["dynamodb"]["NewImage"] = json!({ "n": { "N": "5E+3" } }),
        |it| it["laterField"] = json!(1),
    ];
    for change in changes {
        assert_eq!(stream(change).unwrap().records[1].malformed, None);
    }
}

#[test]
fn an_event_of_another_source_is_an_error_that_names_both() {
    let record = |source: &str| json!({ "Records": [{ "eventSource": source, "a": {} }] });
    let others = [
        (json!({ "Records": [{ "EventSource": "aws:sns", "Sns": {} }] }), "aws:sns"),
        (record("aws:kinesis"), "aws:kinesis"),
        (record("aws:s3"), "aws:s3"),
        (record("aws:kafka\u{202e}\n"), r"aws:kafka\u{202e}\n"),
        (json!({ "Records": [{ "cf": {} }] }), "CloudFront"),
        (json!({ "Records": [{ "eventSourceARN": "arn:aws:mq:eu-west-1:1:broker" }] }), "aws:mq"),
        (json!({ "eventSource": "aws:kafka", "records": {} }), "aws:kafka"),
        (
            json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} }),
            "EventBridge (aws.events, Scheduled Event)",
        ),
        (json!({ "requestContext": { "elb": {} } }), "Application Load Balancer"),
        (json!({ "requestContext": { "http": {} } }), "API Gateway"),
        (json!({ "awslogs": { "data": "" } }), "CloudWatch Logs"),
        (json!({}), "no source"),
        (json!([]), "no source (a list)"),
        (json!({ "hello": 1 }), "but with hello"),
        (json!({ "Records": null }), "no source"),
        (json!({ "Records": [{ "hello": 1 }] }), "no source (its records name none)"),
    ];
    for (event, found) in &others {
        let text = event.to_string();
        let errors = [
            (serde_json::from_str::<QueueBatch>(&text).unwrap_err(), "aws:sqs"),
            (serde_json::from_str::<TableBatch>(&text).unwrap_err(), "aws:dynamodb"),
        ];
        for (error, expected) in errors {
            let error = error.to_string();
            assert!(error.contains(found) && error.contains(expected), "{error}");
        }
    }
    let queue = serde_json::from_value::<QueueBatch>(record("aws:dynamodb")).unwrap_err();
    assert!(queue.to_string().starts_with("an event of aws:dynamodb came"), "{queue}");
    let table = stream(|it| it["eventSource"] = json!("aws:sqs")).unwrap_err();
    assert!(table.to_string().starts_with("an event of aws:sqs came"), "{table}");
    let none = json!({ "Records": [] });
    assert_eq!(serde_json::from_value::<QueueBatch>(none.clone()).unwrap().records, []);
    assert_eq!(serde_json::from_value::<TableBatch>(none).unwrap().records, []);
}

#[tokio::test]
async fn a_batch_in_lambdas_own_type_is_taken_too() {
    let plan = plan();
    let batch = messages([crate::records::message(STANDARD, 0, None)]);
    assert_eq!(named(&Queue::new(plan.service()).key(key).handle(batch).await), [""; 0]);
}

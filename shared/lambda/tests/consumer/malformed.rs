//! Records that are not as SQS documents them, and batches with too little time.

use std::{future::pending, time::Duration};

use event_envelope::Delivery;
use lambda::ReplayPolicy;
use lambda::batch::QueueBatch;
use local_sqs::AttributeValue;
use runtime::{Done, Failure, with_deadline};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tower::service_fn;

use crate::{
    queues::World,
    shop::{Placed, consumer, handler, placed},
};

/// Three orders; the second record with `change` made to it.
fn batch(change: impl Fn(&mut Value)) -> QueueBatch {
    let record = |order: &str| {
        json!({
            "messageId": format!("id-{order}"), "receiptHandle": "handle",
            "body": placed(order, 1).to_string(), "messageAttributes": {}, "eventSource": "aws:sqs",
            "attributes": { "ApproximateReceiveCount": "1" },
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:orders",
        })
    };
    let mut records = [record("order-1"), record("order-2"), record("order-3")];
    change(&mut records[1]);
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

fn named(response: &aws_lambda_events::sqs::SqsBatchResponse) -> Vec<&str> {
    response.batch_item_failures.iter().map(|it| it.item_identifier.as_str()).collect()
}

#[tokio::test]
async fn what_no_handler_reads_does_not_matter() {
    let changes: [fn(&mut Value); 4] = [
        |it| it["messageAttributes"] = json!({ "a": { "dataType": "Binary", "binaryValue": "%" } }),
        |it| it["messageAttributes"] = json!("none"),
        |it| it["attributes"]["ApproximateReceiveCount"] = json!(3),
        |it| it["attributes"]["MessageGroupId"] = Value::Null,
    ];
    for change in changes {
        let world = World::new();
        let (service, handled) = handler(|_| Ok(Done::Handled));
        let consumer = consumer(&world, ReplayPolicy::Refuse, service);
        assert_eq!(named(&consumer.consume(batch(change)).await), [""; 0]);
        assert_eq!(handled.lock().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn a_malformed_record_is_dead_lettered_with_its_reason_and_its_body() {
    let world = World::new();
    let (service, handled) = handler(|_| Ok(Done::Handled));
    let consumer = consumer(&world, ReplayPolicy::Refuse, service);
    let malformed = batch(|it| it["body"] = json!({ "order": [1, 2] }));
    assert_eq!(named(&consumer.consume(malformed.clone()).await), [""; 0]);
    assert_eq!(*handled.lock().unwrap(), ["order-1 1", "order-3 1"]);
    let dead_lettered = world.dead_lettered().await;
    assert_eq!(dead_lettered[0].body, r#"{"order":[1,2]}"#);
    let reason = &dead_lettered[0].message_attributes["reason"].value;
    let expected = "the record's body cannot be read: it is an object in place of a text";
    assert!(matches!(reason, AttributeValue::Text(text) if text == expected), "{reason:?}");

    world.remove_dead_letter_queue();
    assert_eq!(named(&consumer.consume(malformed).await), ["id-order-2"]);
}

#[tokio::test]
async fn a_malformed_record_without_an_id_has_its_batch_delivered_again() {
    let world = World::new();
    let (service, _) = handler(|_| Ok(Done::Handled));
    let consumer = consumer(&world, ReplayPolicy::Refuse, service);
    assert_eq!(named(&consumer.consume(batch(|it| *it = json!(7))).await), [""]);
    assert!(world.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_answered_before_its_time_is_up() {
    let world = World::new();
    let service = service_fn(async |delivery: Delivery<Placed>| {
        match delivery.event.order.as_str() {
            "order-2" => pending().await,
            _ => sleep(Duration::from_secs(1)).await,
        }
        Ok::<_, Failure>(Done::Handled)
    });
    let consumer = consumer(&world, ReplayPolicy::Refuse, service);
    let started = Instant::now();
    let left = Duration::from_secs(3);
    let response = with_deadline(left, consumer.consume(batch(|_| {}))).await;
    assert_eq!(named(&response), ["id-order-2"]);
    assert!(started.elapsed() < left);

    let late = with_deadline(Duration::from_millis(600), consumer.consume(batch(|_| {}))).await;
    assert_eq!(named(&late), ["id-order-1", "id-order-2", "id-order-3"]);
}

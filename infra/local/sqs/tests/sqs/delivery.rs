//! Sending, receiving and deleting in process: what both sides can rely on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use local_sqs::{MessageAttribute, OutgoingMessage, QueueSpec, ReceiveRequest};

use super::{WAIT_MAX, code, receive_for, sqs_with};

#[tokio::test]
async fn a_message_is_received_as_it_was_sent_and_gone_once_deleted() {
    let sqs = sqs_with([QueueSpec::named("orders")]);
    let attributes =
        BTreeMap::from([("type".to_owned(), MessageAttribute::string("OrderCreated"))]);
    let message = OutgoingMessage {
        attributes: attributes.clone(),
        trace_header: Some("Root=1-0-0".to_owned()),
        ..OutgoingMessage::new("hello")
    };
    let sent = sqs.send("orders", message).unwrap();
    let received = receive_for(&sqs, "orders", Duration::from_secs(30)).await.remove(0);
    assert_eq!(received.message_id, sent.message_id);
    assert_eq!(received.body, "hello");
    assert_eq!(received.md5_of_body, "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(received.message_attributes, attributes);
    assert_eq!(received.attributes["AWSTraceHeader"], "Root=1-0-0");
    assert_eq!(received.attributes["ApproximateReceiveCount"], "1");
    assert!(received.attributes.contains_key("SenderId"));
    assert_eq!(sqs.depth("orders").unwrap().in_flight, 1);
    sqs.delete("orders", &received.receipt_handle).unwrap();
    assert_eq!(sqs.depth("orders").unwrap().total(), 0);
}

#[tokio::test]
async fn a_receive_takes_at_most_what_it_asks_for_and_nothing_twice() {
    let sqs = sqs_with([QueueSpec::named("orders")]);
    for n in 0..25 {
        sqs.send("orders", OutgoingMessage::new(n.to_string())).unwrap();
    }
    let mut bodies = BTreeSet::new();
    for expected in [10, 10, 5, 0] {
        let batch = receive_for(&sqs, "orders", WAIT_MAX).await;
        assert_eq!(batch.len(), expected);
        bodies.extend(batch.into_iter().map(|message| message.body));
    }
    assert_eq!(bodies.len(), 25);
}

#[tokio::test]
async fn each_kind_of_queue_refuses_what_belongs_to_the_other() {
    let fifo = QueueSpec { fifo: true, ..QueueSpec::named("orders.fifo") };
    let sqs = sqs_with([QueueSpec::named("orders"), fifo]);
    let id = || Some("id".to_owned());
    let plain = || OutgoingMessage::new("a");
    let with_id = OutgoingMessage { deduplication_id: id(), ..plain() };
    assert_eq!(code(sqs.send("orders", with_id.clone())), "InvalidParameterValue");
    assert_eq!(code(sqs.send("orders.fifo", with_id)), "MissingParameter");
    let grouped = OutgoingMessage { group_id: id(), ..plain() };
    assert_eq!(code(sqs.send("orders.fifo", grouped.clone())), "InvalidParameterValue");
    assert!(sqs.send("orders", grouped.clone()).is_ok());
    let delay = Some(Duration::from_secs(1));
    let delayed = OutgoingMessage { delay, deduplication_id: id(), ..grouped };
    assert_eq!(code(sqs.send("orders.fifo", delayed)), "InvalidParameterValue");
}

#[tokio::test]
async fn sizes_and_ranges_are_enforced() {
    let spec = QueueSpec { maximum_message_size: 1024, ..QueueSpec::named("small") };
    let sqs = sqs_with([spec, QueueSpec::named("large")]);
    assert!(sqs.send("small", OutgoingMessage::new("x".repeat(1024))).is_ok());
    let long = sqs.send("small", OutgoingMessage::new("x".repeat(1025)));
    assert_eq!(code(long), "InvalidParameterValue");
    let attributes = BTreeMap::from([("a".to_owned(), MessageAttribute::string("v"))]);
    let message = OutgoingMessage { attributes, ..OutgoingMessage::new("x".repeat(1024 * 1024)) };
    assert_eq!(code(sqs.send("large", message)), "InvalidParameterValue");
    for request in [
        ReceiveRequest { max: 0, ..Default::default() },
        ReceiveRequest { max: 11, ..Default::default() },
        ReceiveRequest { wait: Duration::from_secs(21), ..Default::default() },
        ReceiveRequest { visibility: Some(Duration::from_secs(43_201)), ..Default::default() },
    ] {
        assert_eq!(code(sqs.receive("large", request).await), "InvalidParameterValue");
    }
}

#[tokio::test]
async fn a_handle_of_another_queue_or_life_is_invalid() {
    let sqs = sqs_with([QueueSpec::named("orders"), QueueSpec::named("others")]);
    sqs.send("orders", OutgoingMessage::new("a")).unwrap();
    let received = receive_for(&sqs, "orders", WAIT_MAX).await.remove(0);
    let foreign = sqs.delete("others", &received.receipt_handle);
    assert_eq!(code(foreign), "ReceiptHandleIsInvalid");
    let restarted = sqs_with([QueueSpec::named("orders")]);
    restarted.send("orders", OutgoingMessage::new("b")).unwrap();
    let outcome = restarted.delete("orders", &received.receipt_handle);
    assert_eq!(code(outcome), "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn creating_a_queue_again_changes_nothing_or_is_refused() {
    let sqs = sqs_with([QueueSpec::named("orders"), QueueSpec::named("orders")]);
    let other = QueueSpec { delay: Duration::from_secs(1), ..QueueSpec::named("orders") };
    assert_eq!(code(sqs.create_queue(other)), "QueueNameExists");
    assert_eq!(sqs.queue_names(), ["orders"]);
    let url = sqs.queue_url("orders");
    assert_eq!(url, "http://127.0.0.1:9000/000000000000/orders");
    assert_eq!(sqs.queue_name_of_url(&url), Ok("orders"));
    assert_eq!(code(sqs.depth("none")), "QueueDoesNotExist");
}

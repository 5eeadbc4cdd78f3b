//! Long polling: who waits is woken by whatever makes a message available.

use std::{collections::BTreeSet, time::Duration};

use local_sqs::{OutgoingMessage, QueueSpec, ReceiveRequest};

use super::{WAIT_MAX, code, receive_for, sqs_with};

const LONG_POLL: ReceiveRequest =
    ReceiveRequest { max: 10, wait: Duration::from_secs(20), visibility: None };

#[tokio::test]
async fn a_waiting_receiver_wakes_when_a_message_is_sent() {
    let sqs = sqs_with([QueueSpec::named("orders")]);
    let receiver = tokio::spawn({
        let sqs = sqs.clone();
        async move { sqs.receive("orders", LONG_POLL).await.unwrap() }
    });
    tokio::task::yield_now().await;
    sqs.send("orders", OutgoingMessage::new("a")).unwrap();
    let received = tokio::time::timeout(WAIT_MAX, receiver).await.unwrap().unwrap();
    assert_eq!(received[0].body, "a");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_some_waits_for_as_long_as_it_takes() {
    let sqs = sqs_with([QueueSpec::named("orders")]);
    let receiver = tokio::spawn({
        let sqs = sqs.clone();
        async move { sqs.receive_some("orders", ReceiveRequest::default()).await }
    });
    tokio::time::sleep(Duration::from_hours(30)).await;
    assert!(!receiver.is_finished());
    let delay = Some(Duration::from_secs(600));
    sqs.send("orders", OutgoingMessage { delay, ..OutgoingMessage::new("a") }).unwrap();
    assert_eq!(receiver.await.unwrap().unwrap()[0].body, "a");
    let waiting = sqs.receive_some("orders", ReceiveRequest::default());
    let (gone, ()) = tokio::join!(waiting, async { sqs.delete_queue("orders").unwrap() });
    assert_eq!(code(gone), "QueueDoesNotExist");
}

#[tokio::test]
async fn every_waiting_receiver_gets_its_message() {
    let sqs = sqs_with([QueueSpec::named("orders")]);
    let one = ReceiveRequest { max: 1, ..LONG_POLL };
    let receivers: Vec<_> = (0..20)
        .map(|_| {
            let sqs = sqs.clone();
            tokio::spawn(async move { sqs.receive("orders", one).await.unwrap().remove(0).body })
        })
        .collect();
    tokio::task::yield_now().await;
    for n in 0..20 {
        sqs.send("orders", OutgoingMessage::new(n.to_string())).unwrap();
    }
    let mut bodies = BTreeSet::new();
    for receiver in receivers {
        bodies.insert(tokio::time::timeout(WAIT_MAX, receiver).await.unwrap().unwrap());
    }
    assert_eq!(bodies.len(), 20);
}

#[tokio::test]
async fn a_waiting_receiver_wakes_when_a_message_becomes_visible() {
    let sqs = sqs_with([QueueSpec::named("orders")]);
    let short = Duration::from_millis(50);
    let delayed = OutgoingMessage { delay: Some(short), ..OutgoingMessage::new("a") };
    sqs.send("orders", delayed).unwrap();
    let first = tokio::time::timeout(
        WAIT_MAX,
        sqs.receive("orders", ReceiveRequest { visibility: Some(short), ..LONG_POLL }),
    );
    assert_eq!(first.await.unwrap().unwrap()[0].body, "a");
    let again = tokio::time::timeout(WAIT_MAX, sqs.receive("orders", LONG_POLL)).await.unwrap();
    assert_eq!(again.unwrap()[0].attributes["ApproximateReceiveCount"], "2");
}

#[tokio::test]
async fn a_waiting_receiver_learns_of_a_timeout_that_is_shortened() {
    let sqs = sqs_with([QueueSpec::named("orders")]);
    sqs.send("orders", OutgoingMessage::new("a")).unwrap();
    let held = receive_for(&sqs, "orders", Duration::from_secs(3600)).await.remove(0);
    let receiver = tokio::spawn({
        let sqs = sqs.clone();
        async move { sqs.receive("orders", LONG_POLL).await.unwrap() }
    });
    tokio::task::yield_now().await;
    sqs.change_visibility("orders", &held.receipt_handle, Duration::from_millis(50)).unwrap();
    let received = tokio::time::timeout(WAIT_MAX, receiver).await.unwrap().unwrap();
    assert_eq!(received[0].body, "a");
}

#[tokio::test]
async fn a_waiting_receiver_wakes_when_its_group_becomes_free() {
    let spec = QueueSpec {
        fifo: true,
        content_based_deduplication: true,
        ..QueueSpec::named("orders.fifo")
    };
    let sqs = sqs_with([spec]);
    for body in ["a", "b"] {
        let group_id = Some("g".to_owned());
        sqs.send("orders.fifo", OutgoingMessage { group_id, ..OutgoingMessage::new(body) })
            .unwrap();
    }
    let one = ReceiveRequest { max: 1, ..LONG_POLL };
    let first = sqs.receive("orders.fifo", one).await.unwrap().remove(0);
    let receiver = tokio::spawn({
        let sqs = sqs.clone();
        async move { sqs.receive("orders.fifo", one).await.unwrap() }
    });
    tokio::task::yield_now().await;
    sqs.delete("orders.fifo", &first.receipt_handle).unwrap();
    let second = tokio::time::timeout(WAIT_MAX, receiver).await.unwrap().unwrap();
    assert_eq!(second[0].body, "b");
}

#[tokio::test]
async fn a_wait_ends_when_the_queue_is_deleted_and_empty_when_nothing_comes() {
    let sqs = sqs_with([QueueSpec::named("orders")]);
    let short = ReceiveRequest { wait: Duration::from_millis(20), ..LONG_POLL };
    assert_eq!(sqs.receive("orders", short).await, Ok(Vec::new()));
    let receiver = tokio::spawn({
        let sqs = sqs.clone();
        async move { sqs.receive("orders", LONG_POLL).await }
    });
    tokio::task::yield_now().await;
    sqs.delete_queue("orders").unwrap();
    let outcome = tokio::time::timeout(WAIT_MAX, receiver).await.unwrap().unwrap();
    assert_eq!(code(outcome), "QueueDoesNotExist");
    assert_eq!(code(sqs.create_queue(QueueSpec::named("orders"))), "QueueDeletedRecently");
}

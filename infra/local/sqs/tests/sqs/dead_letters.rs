//! The way into a dead-letter queue and out of it again.

use std::time::Duration;

use local_sqs::{MoveStatus, OutgoingMessage, QueueSpec, Redrive, Sqs, Standing};

use super::{code, receive_for, sqs_with};

/// `orders`, whose messages go to `orders-dead` after `receives` receives.
fn with_dead_letter_queue(receives: u32) -> Sqs {
    let redrive =
        Redrive { dead_letter_queue: "orders-dead".to_owned(), max_receive_count: receives };
    let orders = QueueSpec { redrive: Some(redrive), ..QueueSpec::named("orders") };
    sqs_with([orders, QueueSpec::named("orders-dead")])
}

#[tokio::test]
async fn a_message_received_too_often_moves_on_the_next_receive() {
    let sqs = with_dead_letter_queue(2);
    let sent = sqs.send("orders", OutgoingMessage::new("poison")).unwrap();
    for _ in 0..2 {
        assert_eq!(receive_for(&sqs, "orders", Duration::ZERO).await.len(), 1);
    }
    assert_eq!(sqs.depth("orders").unwrap().visible, 1);
    assert!(receive_for(&sqs, "orders", Duration::ZERO).await.is_empty());
    assert_eq!(sqs.depth("orders").unwrap().total(), 0);

    let peeked = sqs.peek("orders-dead").unwrap().remove(0);
    assert_eq!(peeked.message_id, sent.message_id);
    assert_eq!((peeked.receive_count, peeked.standing), (2, Standing::Visible));
    let dead = receive_for(&sqs, "orders-dead", Duration::ZERO).await.remove(0);
    assert_eq!(dead.attributes["ApproximateReceiveCount"], "3");
    assert_eq!(dead.attributes["SentTimestamp"], peeked.sent_at_ms.to_string());
    assert_eq!(dead.attributes["DeadLetterQueueSourceArn"], local_sqs::queue_arn("orders"));
}

#[tokio::test]
async fn without_its_dead_letter_queue_a_message_stays_and_validation_says_so() {
    let redrive = Redrive { dead_letter_queue: "later".to_owned(), max_receive_count: 1 };
    let sqs = sqs_with([QueueSpec { redrive: Some(redrive), ..QueueSpec::named("orders") }]);
    sqs.send("orders", OutgoingMessage::new("a")).unwrap();
    for _ in 0..3 {
        assert_eq!(receive_for(&sqs, "orders", Duration::ZERO).await.len(), 1);
    }
    assert!(sqs.validate().unwrap_err().message.contains("later"));
    sqs.create_queue(QueueSpec::named("later")).unwrap();
    assert_eq!(sqs.validate(), Ok(()));
    assert!(receive_for(&sqs, "orders", Duration::ZERO).await.is_empty());
    assert_eq!(sqs.depth("later").unwrap().visible, 1);
}

#[tokio::test]
async fn a_move_task_brings_dead_letters_back_as_new_messages() {
    let sqs = with_dead_letter_queue(1);
    let mut old = Vec::new();
    for n in 0..250 {
        old.push(sqs.send("orders", OutgoingMessage::new(n.to_string())).unwrap().message_id);
    }
    while sqs.depth("orders").unwrap().total() > 0 {
        receive_for(&sqs, "orders", Duration::ZERO).await;
    }
    let handle = sqs.start_move("orders-dead", None, None).unwrap();
    assert_eq!(code(sqs.start_move("orders-dead", None, None)), "InvalidParameterValue");
    while sqs.moves("orders-dead").unwrap()[0].status == MoveStatus::Running {
        tokio::task::yield_now().await;
    }
    let task = sqs.moves("orders-dead").unwrap().remove(0);
    assert_eq!((task.handle.as_str(), task.moved, task.to_move), (handle.as_str(), 250, 250));
    assert_eq!(task.status, MoveStatus::Completed);
    assert_eq!(code(sqs.cancel_move(&handle)), "UnsupportedOperation");
    assert_eq!(sqs.depth("orders-dead").unwrap().total(), 0);
    let back = sqs.peek("orders").unwrap();
    assert_eq!(back.len(), 250);
    assert!(back.iter().all(|it| it.receive_count == 0 && it.dead_letter_source.is_none()));
    assert!(back.iter().all(|it| !old.contains(&it.message_id)));
}

#[tokio::test]
async fn a_cancelled_or_impossible_move_leaves_the_rest_where_it_is() {
    let sqs = with_dead_letter_queue(1);
    for n in 0..5 {
        sqs.send("orders-dead", OutgoingMessage::new(n.to_string())).unwrap();
    }
    // Sent here directly, they have nowhere to go back to.
    sqs.start_move("orders-dead", None, None).unwrap();
    while sqs.moves("orders-dead").unwrap()[0].status == MoveStatus::Running {
        tokio::task::yield_now().await;
    }
    let failed = MoveStatus::Failed("CouldNotDetermineMessageSource".to_owned());
    assert_eq!(sqs.moves("orders-dead").unwrap()[0].status, failed);
    assert_eq!(sqs.depth("orders-dead").unwrap().visible, 5);

    let handle = sqs.start_move("orders-dead", Some("orders"), Some(1)).unwrap();
    let moved = sqs.cancel_move(&handle).unwrap();
    assert_eq!(sqs.moves("orders-dead").unwrap()[0].status, MoveStatus::Cancelled);
    assert_eq!(sqs.depth("orders-dead").unwrap().visible, 5 - moved);
    assert_eq!(code(sqs.start_move("orders", None, None)), "InvalidParameterValue");
    assert_eq!(code(sqs.start_move("none", None, None)), "ResourceNotFoundException");
}

//! The response to SQS for a batch that is not as it should be, and for poison messages.

use std::future::ready;

use aws_lambda_events::sqs::SqsMessage;
use lambda::batch::{Disposition, Poison, Queue};
use runtime::{Done, Failure};
use tower::service_fn;

use crate::{
    plan::{End, Plan, Step},
    records::{FIFO, STANDARD, key, message, messages, named},
};

fn step(key: &str, end: End) -> Step {
    Step { key: Some(key.to_owned()), end, yields: 1 }
}

#[tokio::test]
async fn an_empty_batch_is_done() {
    let queue = Queue::new(Plan::new(&[]).service());
    assert_eq!(named(&queue.handle(messages([])).await), [""; 0]);
}

#[tokio::test]
async fn ids_that_are_missing_or_double_lose_nothing() {
    let plan = Plan::new(
        &[End::Retry, End::Retry, End::Retry, End::Done, End::Done].map(|end| step("a", end)),
    );
    let mut batch: Vec<SqsMessage> = (0..5).map(|n| message(STANDARD, n, None)).collect();
    batch[1].message_id = batch[0].message_id.clone();
    batch[2].message_id = None;
    batch[4].message_id = None;
    let response = Queue::new(plan.service()).handle(messages(batch)).await;

    // Lambda takes an empty id to mean the whole batch.
    assert_eq!(named(&response), ["message-0", ""]);
    assert_eq!(plan.seen().handled, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn what_is_not_a_fifo_queue_holds_nothing_back_by_its_group() {
    let plan = Plan::new(&[step("a", End::Retry), step("a", End::Done)]);
    let without_key = Queue::new(plan.service());
    let batch = messages([message(STANDARD, 0, Some("a")), message(STANDARD, 1, Some("a"))]);
    assert_eq!(named(&without_key.handle(batch.clone()).await), ["message-0"]);
    let seen = plan.seen();
    assert_eq!((seen.handled.len(), seen.most), (2, 2), "and without a key nothing waits");

    assert_eq!(named(&without_key.key(key).handle(batch).await), ["message-0"]);
    let seen = plan.seen();
    assert_eq!((seen.handled.len(), seen.most), (2, 1));
}

#[tokio::test]
async fn a_fifo_queue_is_one_by_its_groups_and_not_by_the_key() {
    let plan = Plan::new(&[step("a", End::Retry), step("a", End::Done), step("b", End::Done)]);
    let queue = Queue::new(plan.service()).key(|_| Some("the same".to_owned()));
    let batch = ["a", "a", "b"].into_iter().enumerate();
    let response = queue.handle(messages(batch.map(|(n, it)| message(FIFO, n, Some(it))))).await;
    assert_eq!(named(&response), ["message-0", "message-1"]);
    assert_eq!(plan.seen().handled, [0, 2]);
}

#[tokio::test]
async fn poison_is_returned_unless_it_is_dead_lettered() {
    let steps = [Ok(Disposition::DeadLettered), Ok(Disposition::Left), Err(())]
        .map(|it| step("a", End::Poison(it)));
    let plan = Plan::new(&steps);
    let batch = messages((0..3).map(|n| message(STANDARD, n, None)));
    let all = ["message-0", "message-1", "message-2"];
    let left = Queue::new(plan.service());
    assert_eq!(named(&left.handle(batch.clone()).await), all);
    assert!(plan.seen().poison.is_empty());
    let dead_lettering = left.on_poison(plan.poison());
    assert_eq!(named(&dead_lettering.handle(batch).await), all[1..]);
    assert_eq!(plan.seen().poison.len(), 3);
}

#[tokio::test]
async fn a_group_goes_on_behind_a_dead_lettered_record() {
    let plan =
        Plan::new(&[step("a", End::Poison(Ok(Disposition::DeadLettered))), step("a", End::Done)]);
    let batch = messages((0..2).map(|n| message(FIFO, n, Some("a"))));
    let queue = Queue::new(plan.service()).on_poison(plan.poison());
    assert_eq!(named(&queue.handle(batch.clone()).await), [""; 0]);
    assert_eq!(plan.seen().handled, [0, 1]);
    let queue = Queue::new(plan.service());
    assert_eq!(named(&queue.handle(batch).await), ["message-0", "message-1"]);
    assert_eq!(plan.seen().handled, [0]);
}

#[tokio::test]
async fn poison_comes_as_it_was_received() {
    let sent = message(STANDARD, 0, Some("a"));
    let original = sent.clone();
    let queue = Queue::new(service_fn(async |mut message: SqsMessage| {
        message.body = None;
        Err::<Done, _>(Failure::permanent(format!("{:?} is bad", message.message_id)))
    }))
    .on_poison(service_fn(move |Poison { record, reason }| {
        assert_eq!(record, original);
        assert_eq!(reason.to_string(), "Some(\"message-0\") is bad");
        ready(Ok::<_, &str>(Disposition::DeadLettered))
    }));
    assert_eq!(named(&queue.handle(messages([sent])).await), [""; 0]);
}

#[tokio::test]
async fn a_batch_may_be_handled_on_any_thread() {
    let plan = Plan::new(&[step("a", End::Done)]);
    let queue = Queue::new(plan.service()).on_poison(plan.poison()).key(key);
    let batch = messages([message(STANDARD, 0, Some("a"))]);
    let response = tokio::spawn(async move { queue.handle(batch).await }).await.unwrap();
    assert_eq!(named(&response), [""; 0]);
}

//! What a workflow receives about its order.

use catalogue::Event;
use event_envelope::Delivery;
use inventory::domain::Reservation;
use lambda::TaskError;
use local_dynamodb::FaultPlan;
use serde_json::{Value, json};
use testkit::{Harness, cases};

use crate::{
    order::{cancelled, created, payment_failed, shipped},
    world::{RETENTION, World},
};

const ORDER: &str = "order-123";
const INITIAL: &[(&str, i64)] = &[("prod-001", 10), ("prod-002", 5)];

fn order() -> Delivery<Event> {
    created(ORDER, &[("prod-001", 2), ("prod-002", 1)])
}

fn too_large() -> Delivery<Event> {
    created(ORDER, &[("prod-001", 11), ("prod-404", 1), ("prod-002", 1)])
}

fn status(text: &str) -> Value {
    json!({ "status": text })
}

#[track_caller]
fn assert_permanent(answer: Result<Value, TaskError>, reason: &str) {
    let error = answer.unwrap_err();
    assert!(matches!(&error, TaskError::Permanent(text) if text.contains(reason)), "{error:?}");
}

#[tokio::test]
async fn an_order_is_reserved_and_released_once_however_often_it_is_asked() {
    let world = World::new().await;
    for _ in 0..2 {
        assert_eq!(world.invoke("reserve", &order()).await.unwrap(), status("reserved"));
    }
    assert_eq!(world.stock("prod-001").await, Some(8));
    let (published, _) = world.only_answer();
    assert_eq!(published.causation_id, Some(order().envelope.event_id));
    for _ in 0..2 {
        assert_eq!(world.invoke("release", &order()).await.unwrap(), status("released"));
    }
    // The workflow received that before, and receives now what is true now.
    assert_eq!(world.invoke("reserve", &order()).await.unwrap(), status("calledOff"));
    assert_eq!(world.answers(ORDER), ["InventoryReserved", "InventoryReleased"]);
    world.books().await.assert_balanced(INITIAL);
}

#[tokio::test]
async fn what_is_short_is_named_each_time() {
    let world = World::new().await;
    let short = json!([
        { "productId": "prod-001", "requested": 11, "available": 10 },
        { "productId": "prod-404", "requested": 1 },
    ]);
    let expected = json!({ "status": "outOfStock", "shortages": short });
    assert_eq!(world.invoke("reserve", &too_large()).await.unwrap(), expected);
    world.pass(RETENTION * 2);
    assert_eq!(world.invoke("reserve", &too_large()).await.unwrap(), expected);
    assert_eq!(world.answers(ORDER), ["InventoryReservationFailed"]);
    let nothing = world.invoke("release", &too_large()).await.unwrap();
    assert_eq!(nothing, status("nothingReserved"));
}

#[tokio::test]
async fn what_an_earlier_version_refused_is_short_of_nothing_in_particular() {
    let world = World::new().await;
    world.put_reservation(json!({ "orderId": ORDER, "status": "failed" })).await;
    let answer = world.invoke("reserve", &order()).await.unwrap();
    assert_eq!(answer, json!({ "status": "outOfStock", "shortages": [] }));
}

#[tokio::test]
async fn an_order_that_is_off_is_not_reserved() {
    let world = World::new().await;
    world.deliver(&cancelled(ORDER)).await.unwrap();
    assert_eq!(world.invoke("reserve", &order()).await.unwrap(), status("calledOff"));
    assert_eq!(world.invoke("release", &order()).await.unwrap(), status("nothingReserved"));
    assert_eq!(world.stock("prod-001").await, Some(10));
}

#[tokio::test]
async fn what_was_never_asked_to_be_reserved_never_is_once_it_was_released() {
    let world = World::new().await;
    assert_eq!(world.invoke("release", &order()).await.unwrap(), status("nothingReserved"));
    assert_eq!(world.reservation(ORDER).await, Reservation::Withdrawn);
    assert_eq!(world.invoke("reserve", &order()).await.unwrap(), status("calledOff"));
}

/// In both modes the queue brings cancellations, and where modes change it brings orders too.
#[tokio::test]
async fn the_queue_and_the_workflow_reserve_and_release_one_order_once() {
    let world = World::new().await;
    world.deliver(&order()).await.unwrap();
    assert_eq!(world.invoke("reserve", &order()).await.unwrap(), status("reserved"));
    world.deliver(&payment_failed(ORDER)).await.unwrap();
    assert_eq!(world.invoke("release", &order()).await.unwrap(), status("released"));
    world.deliver(&cancelled(ORDER)).await.unwrap();
    assert_eq!(world.answers(ORDER), ["InventoryReserved", "InventoryReleased"]);
    world.books().await.assert_balanced(INITIAL);
}

#[tokio::test]
async fn goods_that_have_left_are_not_released() {
    let world = World::new().await;
    world.invoke("reserve", &order()).await.unwrap();
    world.deliver(&shipped(ORDER)).await.unwrap();
    let books = world.books().await;
    assert_permanent(world.invoke("release", &order()).await, "whose reservation is Shipped");
    assert_eq!(world.invoke("reserve", &order()).await.unwrap(), status("reserved"));
    assert_eq!(world.books().await, books);
}

#[tokio::test]
async fn a_task_that_is_invalid_moves_nothing() {
    let world = World::new().await;
    let event = order().envelope;
    let invoke = async |payload| world.invoke_with(payload, FaultPlan::none()).await;
    let more = json!({ "task": "reserve", "items": [], "event": event });
    assert_permanent(invoke(more).await, "items");
    assert_permanent(invoke(json!({ "task": "refund", "event": event })).await, "refund");
    assert_permanent(invoke(json!({ "task": "reserve" })).await, "event");
    assert_permanent(world.invoke("release", &cancelled(ORDER)).await, "OrderCancelled");
    assert_eq!((world.reservations().await.len(), world.records().await), (0, 0));
}

#[tokio::test]
async fn a_task_is_not_taken_for_another_of_the_same_event() {
    let world = World::new().await;
    world.invoke("reserve", &order()).await.unwrap();
    assert_permanent(world.invoke("reserve", &too_large()).await, "another payload");
    assert_eq!(world.stock("prod-001").await, Some(8));
}

/// What the workflow receives at last, which asks until it is answered.
async fn persist(world: &World, task: &str, order: &Delivery<Event>, plan: FaultPlan) -> Value {
    let payload = json!({ "task": task, "event": order.envelope });
    match world.invoke_with(payload, plan).await {
        Ok(answer) => answer,
        Err(TaskError::Retry(_)) => world.invoke(task, order).await.unwrap(),
        Err(TaskError::Permanent(reason)) => panic!("{reason}"),
    }
}

#[tokio::test]
async fn each_task_is_answered_as_ever_and_done_once_whatever_fails() {
    let run = async |order: &Delivery<Event>, plan: &FaultPlan| {
        let world = World::new().await;
        let mut answers = Vec::new();
        for task in ["reserve", "release"] {
            answers.push(persist(&world, task, order, plan.clone()).await);
        }
        let published = world.answers(ORDER);
        (answers, world.books().await, world.reservations().await, world.records().await, published)
    };
    for order in [order(), too_large()] {
        let calls = FaultPlan::none();
        let undisturbed = run(&order, &calls).await;
        for case in cases(&calls) {
            assert_eq!(run(&order, &case.plan()).await, undisturbed, "{case}");
        }
    }
}

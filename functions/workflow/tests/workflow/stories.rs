//! What becomes of an order that was placed.

use catalogue::{DECODER, Event, LineItem, Money, OrderCompleted, OrderCreated};
use event_envelope::{AggregateId, CorrelationId, Delivery};
use lambda::Task;
use runtime::Done;
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::deliver;
use time::OffsetDateTime;

use crate::world::{Fault, World};

const ORDER: &str = "order-123";

fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

fn delivery(event: impl Into<Event>) -> Delivery<Event> {
    let event = event.into();
    let draft = event.draft(event.order_id().clone(), 1, OffsetDateTime::UNIX_EPOCH);
    Delivery { envelope: draft.root(CorrelationId::of(ORDER), None), event, replay: None }
}

fn created_with(order: &str, quantity: u32) -> Delivery<Event> {
    let line = LineItem { product_id: id("prod-001"), quantity, unit_price: Money::usd(2999) };
    delivery(OrderCreated {
        order_id: id(order),
        user_id: id("user-456"),
        items: vec![line],
        total: Money::usd(2999),
        payment_method_id: None,
        delivery_address_id: None,
    })
}

fn created() -> Delivery<Event> {
    created_with(ORDER, 1)
}

#[tokio::test]
async fn an_order_starts_the_workflow_that_is_named_after_it() {
    let world = World::new();
    assert_eq!(world.deliver(&created()).await.unwrap(), Done::Handled);
    let execution = world.execution(ORDER).await.unwrap();
    assert_eq!(execution.status, "RUNNING");
    let input: Value = serde_json::from_str(&execution.input).unwrap();
    assert_eq!(input, json!(created().envelope));
}

#[tokio::test]
async fn what_the_workflow_works_off_can_be_read_by_the_tasks_of_every_service() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "task", rename_all = "camelCase")]
    enum Command {
        Reserve {},
    }
    let world = World::new();
    world.deliver(&created()).await.unwrap();
    let input: Value = serde_json::from_str(&world.execution(ORDER).await.unwrap().input).unwrap();
    let Value::Object(task) = json!({ "task": "reserve", "event": input }) else { panic!() };
    let task = Task::<Command, Event>::read(task, &DECODER).unwrap();
    assert_eq!(task.delivery, created());
}

#[tokio::test]
async fn an_order_that_is_delivered_again_starts_no_other_workflow() {
    let world = World::new();
    for _ in 0..3 {
        assert_eq!(world.deliver(&created()).await.unwrap(), Done::Handled);
    }
    assert_eq!((world.calls(), world.started()), (3, 1));
}

#[tokio::test]
async fn a_workflow_that_has_ended_is_not_started_again() {
    let world = World::brief();
    world.deliver(&created()).await.unwrap();
    world.settled().await;
    assert_eq!(world.deliver(&created()).await.unwrap(), Done::Duplicate);
    assert_eq!(world.started(), 1);
}

#[tokio::test]
async fn the_first_event_of_an_order_holds() {
    let world = World::new();
    world.deliver(&created()).await.unwrap();
    let before = world.execution(ORDER).await;
    assert_eq!(world.deliver(&created_with(ORDER, 2)).await.unwrap(), Done::Duplicate);
    assert_eq!(world.execution(ORDER).await, before);
}

#[tokio::test]
async fn orders_do_not_stand_in_each_others_way() {
    let world = World::new();
    for order in ["order-1", "order-2"] {
        assert_eq!(world.deliver(&created_with(order, 1)).await.unwrap(), Done::Handled);
    }
    assert_eq!(world.started(), 2);
}

#[tokio::test]
async fn other_events_start_nothing() {
    let world = World::new();
    let completed = delivery(OrderCompleted { order_id: id(ORDER), total: None });
    assert_eq!(world.deliver(&completed).await.unwrap(), Done::Ignored);
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn a_workflow_is_started_once_whatever_fails() {
    let faults = [
        Fault::Refused("ThrottlingException", 400),
        Fault::Refused("ExecutionLimitExceeded", 400),
        Fault::Refused("StateMachineDeleting", 400),
        Fault::Refused("ServiceUnavailable", 503),
        Fault::AnswerLost,
    ];
    for fault in faults {
        let was_started = fault == Fault::AnswerLost;
        for (world, again) in [(World::new(), Done::Handled), (World::brief(), Done::Duplicate)] {
            let failure = world.deliver_with(&created(), fault).await.unwrap_err();
            assert!(failure.is_retry(), "{fault:?}: {failure}");
            assert_eq!(world.started(), u64::from(was_started));
            if again == Done::Duplicate {
                world.settled().await;
            }
            let expected = if was_started { again } else { Done::Handled };
            assert_eq!(world.deliver(&created()).await.unwrap(), expected, "{fault:?}");
            assert_eq!(world.started(), 1, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_state_machine_that_is_not_there_yet_is_waited_for() {
    let world = World::new();
    let elsewhere = world.starter("orderly-nowhere", Fault::None);
    let failure = deliver(&elsewhere, &created()).await.unwrap_err();
    assert!(failure.is_retry() && failure.to_string().contains("Does Not Exist"), "{failure}");
    assert_eq!(world.started(), 0);
}

#[tokio::test]
async fn what_step_functions_never_accepts_is_dead_lettered() {
    for code in ["InvalidName", "InvalidExecutionInput", "ValidationException"] {
        let fault = Fault::Refused(code, 400);
        let failure = World::new().deliver_with(&created(), fault).await.unwrap_err();
        assert!(!failure.is_retry() && failure.to_string().contains("not now"), "{failure}");
    }
    // The largest input is 262,144 bytes.
    let mut large = created();
    large.envelope.data["paymentMethodId"] = "x".repeat(270_000).into();
    let failure = World::new().deliver(&large).await.unwrap_err();
    assert!(!failure.is_retry() && failure.to_string().contains("input"), "{failure}");
}

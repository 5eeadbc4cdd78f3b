//! What a workflow receives for the tasks of the order service.

use event_envelope::{AggregateId, canonical};
use local_dynamodb::FaultPlan;
use serde_json::{Value, json};
use testkit::cases;

use crate::{
    deliveries::{TOTAL, paid, shipped, short},
    request::cancel,
    world::World,
};

/// A task about `order`, with these fields beside its name.
async fn task(world: &World, order: &AggregateId, name: &str, fields: Value) -> Value {
    let mut task = json!({ "task": name, "event": world.stream(order).await[0] });
    for (field, value) in fields.as_object().unwrap() {
        task[field] = value.clone();
    }
    task
}

async fn payment(world: &World, order: &AggregateId) -> Value {
    task(world, order, "recordPayment", json!({ "paymentId": "pi_1", "amount": TOTAL })).await
}

async fn shipment(world: &World, order: &AggregateId) -> Value {
    let fields = json!({ "shipmentId": "shp_1", "carrier": "UPS", "trackingNumber": "1Z1" });
    task(world, order, "recordShipment", fields).await
}

async fn late(world: &World, order: &AggregateId, awaited: &str) -> Value {
    task(world, order, "timeOut", json!({ "awaited": awaited, "within": 900 })).await
}

/// What the workflow receives, and that a repetition receives the same.
async fn status(world: &World, task: Value) -> Value {
    let answer = world.invoke_with(FaultPlan::none(), task.clone()).await.unwrap();
    let events = world.events().await;
    assert_eq!(world.invoke_with(FaultPlan::none(), task).await.unwrap(), answer);
    assert_eq!(world.events().await, events, "the repetition changes nothing");
    assert_eq!(answer.as_object().unwrap().len(), 1);
    answer["status"].clone()
}

#[tokio::test]
async fn a_workflow_takes_an_order_to_its_end() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    assert_eq!(status(&world, payment(&world, &order).await).await, "paid");
    assert_eq!(status(&world, shipment(&world, &order).await).await, "completed");
    let history = ["OrderCreated", "OrderPaid", "OrderShipped", "OrderCompleted"];
    assert_eq!(world.history(&order).await, history);

    // It is the same order that events would have made, but for the cause.
    let other = world.placed("key-2").await;
    world.deliver(&paid(&other)).await.unwrap();
    world.deliver(&shipped(&other)).await.unwrap();
    let data = async |order: &AggregateId| {
        let data: Vec<_> =
            world.stream(order).await[1..].iter().map(|it| it.data.clone()).collect();
        let text = canonical(&Value::Array(data));
        text.replace(order.as_str(), "order")
    };
    assert_eq!(data(&order).await, data(&other).await);
    let stream = world.stream(&order).await;
    for event in &stream[1..] {
        assert_eq!(event.causation_id.as_ref(), Some(&stream[0].event_id));
        assert_eq!(event.correlation_id, stream[0].correlation_id);
        assert_eq!(event.metadata.actor, stream[0].metadata.actor);
        assert_eq!(event.metadata.depth, 1);
    }
}

#[tokio::test]
async fn each_failure_cancels_the_order_with_its_reason() {
    let world = World::new().await;
    for (name, reason) in [
        ("recordShortage", "outOfStock"),
        ("recordPaymentFailure", "paymentFailed"),
        ("recordShippingFailure", "shippingFailed"),
    ] {
        let order = world.placed(name).await;
        assert_eq!(status(&world, task(&world, &order, name, json!({})).await).await, "cancelled");
        let cancelled = format!("OrderCancelled({reason})");
        assert_eq!(world.history(&order).await, ["OrderCreated", &cancelled]);
    }
}

#[tokio::test]
async fn a_time_that_is_up_cancels_only_what_still_waits() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    assert_eq!(status(&world, late(&world, &order, "shipment").await).await, "created");
    assert_eq!(status(&world, late(&world, &order, "payment").await).await, "cancelled");
    let unpaid = ["OrderCreated", "OrderTimedOut", "OrderCancelled(timedOut)"];
    assert_eq!(world.history(&order).await, unpaid);

    let order = world.placed("key-2").await;
    world.deliver(&paid(&order)).await.unwrap();
    assert_eq!(status(&world, late(&world, &order, "payment").await).await, "paid");
    assert_eq!(status(&world, late(&world, &order, "shipment").await).await, "cancelled");
    let timed_out = &world.stream(&order).await[2];
    let data = json!({ "orderId": order, "awaited": "shipment", "within": 900 });
    assert_eq!((timed_out.event_type.as_str(), &timed_out.data), ("OrderTimedOut", &data));

    let order = world.placed("key-3").await;
    world.deliver(&paid(&order)).await.unwrap();
    world.deliver(&shipped(&order)).await.unwrap();
    for awaited in ["payment", "shipment"] {
        assert_eq!(status(&world, late(&world, &order, awaited).await).await, "completed");
    }
}

#[tokio::test]
async fn a_workflow_goes_by_what_has_become_of_the_order_meanwhile() {
    let world = World::new().await;
    let [cancelled, short_of, done] =
        [world.placed("key-1").await, world.placed("key-2").await, world.placed("key-3").await];
    assert_eq!(world.ask(&cancel(cancelled.as_str())).await.status, 200);
    world.deliver(&short(&short_of)).await.unwrap();
    for order in [&cancelled, &short_of] {
        assert_eq!(status(&world, payment(&world, order).await).await, "cancelled");
        assert_eq!(status(&world, shipment(&world, order).await).await, "cancelled");
        assert_eq!(world.history(order).await.len(), 2);
    }
    world.deliver(&paid(&done)).await.unwrap();
    world.deliver(&shipped(&done)).await.unwrap();
    assert_eq!(status(&world, payment(&world, &done).await).await, "completed");
}

#[tokio::test]
async fn the_error_of_a_task_distinguishes_permanent_from_early() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let refused = async |task: Value| {
        let before = world.events().await;
        let error = world.invoke_with(FaultPlan::none(), task).await.unwrap_err();
        assert_eq!(world.events().await, before);
        (error.name(), error.to_string())
    };
    assert_eq!(refused(shipment(&world, &order).await).await.0, "Retry");
    let amount = json!({ "amount": 1, "currency": "USD" });
    let fields = json!({ "paymentId": "pi_1", "amount": amount });
    let (name, reason) = refused(task(&world, &order, "recordPayment", fields).await).await;
    assert_eq!(name, "Poison");
    assert!(reason.contains("0.01 USD was captured for an order of 109.97 USD"), "{reason}");

    world.deliver(&paid(&order)).await.unwrap();
    for contradiction in ["recordShortage", "recordPaymentFailure"] {
        assert_eq!(refused(task(&world, &order, contradiction, json!({})).await).await.0, "Poison");
    }

    // Not the order's own event, or not an order of this table.
    let mut foreign = payment(&world, &order).await;
    foreign["event"] = json!(world.stream(&order).await[1]);
    let (name, reason) = refused(foreign).await;
    assert_eq!(
        (name, reason.contains("event type \"OrderPaid\" is unknown here")),
        ("Poison", true),
        "{reason}"
    );
    let mut unknown = late(&world, &order, "payment").await;
    unknown["event"]["aggregateId"] = "order-0".into();
    unknown["event"]["data"]["orderId"] = "order-0".into();
    assert_eq!(refused(unknown).await.0, "Poison");

    for (name, fields, expected) in [
        ("recordPayment", json!({ "paymentId": "pi_1" }), "missing field `amount`"),
        ("recordShortage", json!({ "why": "x" }), "unknown field `why`"),
        ("timeOut", json!({ "awaited": "mail", "within": 1 }), "unknown variant `mail`"),
        ("refund", json!({}), "unknown variant `refund`"),
    ] {
        let (name, reason) = refused(task(&world, &order, name, fields).await).await;
        assert_eq!(name, "Poison", "{reason}");
        assert!(reason.contains(expected), "{reason}");
    }
}

#[tokio::test]
async fn each_task_takes_effect_once_whatever_fails() {
    let world = World::new().await;
    for name in ["recordPayment", "recordShipment", "recordShortage", "timeOut"] {
        let run = async |key: &str, plan: FaultPlan| {
            let order = world.placed(key).await;
            let task = match name {
                "recordPayment" => payment(&world, &order).await,
                "recordShipment" => {
                    world.deliver(&paid(&order)).await.unwrap();
                    shipment(&world, &order).await
                }
                "timeOut" => late(&world, &order, "payment").await,
                _ => task(&world, &order, name, json!({})).await,
            };
            let first = world.invoke_with(plan, task.clone()).await;
            let again = world.invoke_with(FaultPlan::none(), task).await.unwrap();
            match first {
                Ok(first) => assert_eq!(first, again),
                Err(error) => assert_eq!(error.name(), "Retry", "{error}"),
            }
            (again, world.history(&order).await)
        };
        let calls = FaultPlan::none();
        let expected = run(name, calls.clone()).await;
        for case in cases(&calls) {
            let key = format!("{name}-{case}").replace(' ', "-");
            assert_eq!(run(&key, case.plan()).await, expected, "{name}, {case}");
        }
    }
}

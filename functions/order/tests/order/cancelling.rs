//! What a customer gets who cancels an order.

use local_dynamodb::FaultPlan;
use order::handler::Orders;
use serde_json::json;
use testkit::deliver;
use testkit::http::Answer;

use crate::{
    deliveries::{paid, shipped, short},
    request::{OTHER_USER, USER, books_order, cancel, place, resume},
    world::{World, at_once, meeting_clocks},
};

#[tokio::test]
async fn a_cancelled_order_stays_cancelled_and_is_answered_so_again() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let request = cancel(order.as_str());
    let first = world.ask(&request).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.body, json!({ "orderId": order, "status": "cancelled", "version": 2 }));
    assert_eq!(first.headers["order-version"], "2");
    assert_eq!(world.ask(&request).await, first);

    let stream = world.stream(&order).await;
    let [created, cancelled] = &stream[..] else { panic!("{stream:?}") };
    assert_eq!(cancelled.data, json!({ "orderId": order, "reason": "customerRequest" }));
    assert_eq!(cancelled.correlation_id, created.correlation_id);
    assert_eq!(cancelled.metadata.actor.as_deref(), Some(USER));
    assert_eq!(cancelled.metadata.reason.as_deref(), Some("customer request"));
}

/// Also of what happened before it, and after the customer had asked the first time.
#[tokio::test]
async fn every_command_answers_the_version_that_the_order_has_after_it() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    world.deliver(&paid(&order)).await.unwrap();
    let placed = world.ask(&place(&books_order()).header("idempotency-key", "key-1")).await;
    assert_eq!(
        (&placed.body["version"], &placed.headers["order-version"]),
        (&json!(1), &json!("1"))
    );
    let version = async |request| {
        let answer = world.ask(&request).await;
        assert_eq!(answer.headers["order-version"], answer.body["version"].to_string());
        answer.body["version"].as_u64().unwrap()
    };
    assert_eq!(version(cancel(order.as_str())).await, 3, "created, paid, cancelled");
    assert_eq!(version(resume(order.as_str())).await, 4);
    assert_eq!(version(cancel(order.as_str())).await, 4, "again");
    assert_eq!(world.stream(&order).await.len(), 4);
}

#[tokio::test]
async fn a_paid_order_can_be_cancelled() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    world.deliver(&paid(&order)).await.unwrap();
    assert_eq!(world.ask(&cancel(order.as_str())).await.status, 200);
    let history = ["OrderCreated", "OrderPaid", "OrderCancelled(customerRequest)"];
    assert_eq!(world.history(&order).await, history);
}

#[tokio::test]
async fn an_order_that_was_off_already_is_off_for_the_customer_too() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    world.deliver(&short(&order)).await.unwrap();
    assert_eq!(world.ask(&cancel(order.as_str())).await.status, 200);
    assert_eq!(world.history(&order).await, ["OrderCreated", "OrderCancelled(outOfStock)"]);
}

#[tokio::test]
async fn an_order_on_its_way_cannot_be_cancelled() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    for delivery in [paid(&order), shipped(&order)] {
        world.deliver(&delivery).await.unwrap();
    }
    let answer = world.ask(&cancel(order.as_str())).await;
    assert_eq!(answer.problem(409), None);
    assert_eq!(answer.body["type"], "urn:orderly:problem:already-shipped");
    let history = ["OrderCreated", "OrderPaid", "OrderShipped", "OrderCompleted"];
    assert_eq!(world.history(&order).await, history);
}

#[tokio::test]
async fn another_customers_order_is_answered_like_none() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let others = world.ask(&cancel(order.as_str()).of(OTHER_USER)).await;
    assert_eq!(others.problem(404), None);
    let unknown = order.as_str().replace("order-", "order_");
    let absent = world.ask(&cancel(&unknown)).await;
    assert_eq!(absent.problem(404), None);
    assert_eq!(absent.text.replace(&unknown, order.as_str()), others.text);
    assert_eq!(world.history(&order).await, ["OrderCreated"]);
}

#[tokio::test]
async fn an_order_that_cannot_be_an_order_is_named() {
    let world = World::new().await;
    let overlong = "o".repeat(65);
    for order in ["", "ord\u{e9}r", "order\0", "\u{202e}1-redro", "a/b", "..", "a#b", &overlong] {
        world.ask(&cancel(order)).await.refuses(400, "id");
    }
    let request = cancel("order-1").with("pathParameters", json!({}));
    world.ask(&request).await.refuses(400, "id");
}

#[tokio::test]
async fn a_cancel_and_a_shipment_at_once_do_not_both_happen() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    world.deliver(&paid(&order)).await.unwrap();
    let [one_clock, other_clock] = meeting_clocks();
    let customer = {
        let world = world.clone();
        let event = cancel(order.as_str()).event();
        async move { Answer::from(world.api(FaultPlan::none(), one_clock).handle(event).await) }
    };
    let carrier = {
        let world = world.clone();
        let delivery = shipped(&order);
        async move {
            let store = world.store(FaultPlan::none());
            deliver(&Orders::new(store, other_clock), &delivery).await
        }
    };
    let (answer, delivered) = at_once(customer, carrier).await;
    delivered.unwrap();
    let history = world.history(&order).await;
    match answer.status {
        200 => assert_eq!(history[2..], ["OrderCancelled(customerRequest)"]),
        409 => assert_eq!(history[2..], ["OrderShipped", "OrderCompleted"]),
        _ => panic!("{}", answer.text),
    }
}

#[tokio::test]
async fn two_cancels_at_once_cancel_once() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let [one, other] = meeting_clocks().map(|clock| {
        let world = world.clone();
        let event = cancel(order.as_str()).event();
        async move { Answer::from(world.api(FaultPlan::none(), clock).handle(event).await) }
    });
    let (one, other) = at_once(one, other).await;
    assert_eq!((one.status, &one), (200, &other));
    let history = ["OrderCreated", "OrderCancelled(customerRequest)"];
    assert_eq!(world.history(&order).await, history);
    assert_eq!(world.ask(&place(&books_order())).await.body["status"], "created");
}

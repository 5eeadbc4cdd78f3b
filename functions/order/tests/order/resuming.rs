//! What an operator gets who resumes an order.

use local_dynamodb::FaultPlan;
use order::api::REASON_CHARS_MAX;
use serde_json::{Value, json};
use testkit::{cases, http::Answer};

use crate::{
    deliveries::{paid, shipped, short},
    request::{USER, cancel, resume},
    world::World,
};

fn because(order: &str, body: &Value) -> testkit::http::Request {
    resume(order).with("body", body.to_string()).header("content-type", "application/json")
}

#[tokio::test]
async fn resuming_records_who_wants_it_and_why() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let reason = "the provider's account was blocked";
    let answer = world.ask(&because(order.as_str(), &json!({ "reason": reason }))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.body, json!({ "orderId": order, "status": "resumed", "version": 2 }));
    assert_eq!(answer.headers["order-version"], "2");

    let stream = world.stream(&order).await;
    let [created, resumed] = &stream[..] else { panic!("{stream:?}") };
    assert_eq!(resumed.event_type, "OrderResumed");
    assert_eq!(resumed.data, json!({ "orderId": order }));
    assert_eq!(resumed.correlation_id, created.correlation_id);
    assert_eq!((resumed.causation_id.as_ref(), resumed.metadata.depth), (None, 0));
    assert_eq!(resumed.metadata.reason.as_deref(), Some(reason));
    // The name of the session is a person's, and events name no person.
    assert_eq!(resumed.metadata.actor.as_deref(), Some("000000000000/AROAOPERATOR"));
    assert!(!serde_json::to_string(resumed).unwrap().contains("alex"));
}

#[tokio::test]
async fn resuming_again_means_the_same_while_the_order_rests() {
    let world = World::new().await;
    let [open, off] = [world.placed("key-1").await, world.placed("key-2").await];
    world.deliver(&short(&off)).await.unwrap();
    for order in [open, off] {
        let mut history = world.history(&order).await;
        let first = world.ask(&resume(order.as_str())).await;
        assert_eq!((first.status, &first.headers["idempotency-replayed"]), (202, &Value::Null));
        // An empty object is no body.
        for request in [resume(order.as_str()), because(order.as_str(), &json!({}))] {
            let again = world.ask(&request).await;
            assert_eq!((again.status, &again.body), (202, &first.body));
            assert_eq!(again.headers["idempotency-replayed"], "true");
            assert_eq!(again.headers["order-version"], first.headers["order-version"]);
            assert_eq!(again.headers["retry-after"], "60");
        }
        history.push("OrderResumed".to_owned());
        assert_eq!(world.history(&order).await, history);
    }
}

#[tokio::test]
async fn of_an_order_that_is_on_its_way_nothing_can_be_resumed() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    for delivery in [paid(&order), shipped(&order)] {
        world.deliver(&delivery).await.unwrap();
    }
    let history = world.history(&order).await;
    let answer = world.ask(&resume(order.as_str())).await;
    assert_eq!(answer.problem(409), None);
    assert_eq!(world.history(&order).await, history);
}

#[tokio::test]
async fn resuming_does_not_stand_in_the_way_of_anything() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    world.ask(&resume(order.as_str())).await;
    world.deliver(&paid(&order)).await.unwrap();
    world.ask(&resume(order.as_str())).await;
    assert_eq!(world.ask(&cancel(order.as_str())).await.status, 200);
    let events = ["OrderCreated", "OrderResumed", "OrderPaid", "OrderResumed"];
    assert_eq!(world.history(&order).await[..4], events);
}

#[tokio::test]
async fn only_whom_iam_has_let_through_may_resume() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let request = resume(order.as_str());
    for stranger in [
        request.clone().anonymous(),
        request.clone().of(USER),
        request.claims(json!({ "sub": USER, "scope": "orders:write orders:admin" })),
    ] {
        assert_eq!(world.ask(&stranger).await.problem(403), None);
    }
    assert_eq!(world.history(&order).await, ["OrderCreated"]);
    // And a signature is no customer's token.
    let context = crate::request::operator();
    let operator = cancel(order.as_str()).with("requestContext", context);
    assert_eq!(world.ask(&operator).await.problem(401), None);
}

#[tokio::test]
async fn what_cannot_be_resumed_is_named() {
    let world = World::new().await;
    assert_eq!(world.ask(&resume("order-1")).await.problem(404), None);
    world.ask(&resume("order 1")).await.refuses(400, "id");

    let order = world.placed("key-1").await;
    let order = order.as_str();
    let overlong = "x".repeat(REASON_CHARS_MAX + 1);
    let card = "charged 4242.4242.4242.4242 by hand";
    for reason in ["", " ", "two\nlines", "\u{0}", "\u{202e}diap", "a\u{200b}b", card, &overlong] {
        world.ask(&because(order, &json!({ "reason": reason }))).await.refuses(422, "/reason");
    }
    world.ask(&because(order, &json!({ "reason": 1 }))).await.refuses(422, "/reason");
    world.ask(&because(order, &json!({ "raeson": "x" }))).await.refuses(422, "/raeson");
    world.ask(&resume(order).with("body", "{}")).await.problem(415);
    assert_eq!(world.history(&crate::world::id(order)).await, ["OrderCreated"]);
    let longest = "\u{e9}".repeat(REASON_CHARS_MAX);
    assert_eq!(world.ask(&because(order, &json!({ "reason": longest }))).await.status, 202);
}

#[tokio::test]
async fn an_answered_resume_is_stored_whatever_fails() {
    let world = World::new().await;
    let order = world.placed("key-0").await;
    let calls = FaultPlan::none();
    world.ask_with(calls.clone(), &resume(order.as_str())).await;
    for case in cases(&calls) {
        let order = world.placed(&format!("key-{case}").replace(' ', "-")).await;
        let answer: Answer = world.ask_with(case.plan(), &resume(order.as_str())).await;
        let history = world.history(&order).await;
        if answer.status == 202 {
            assert_eq!(history, ["OrderCreated", "OrderResumed"], "{case}");
        } else {
            assert_eq!(answer.problem(503), None, "{case}");
            assert!(history.len() <= 2, "{case}: {history:?}");
        }
    }
}

//! The audit trail of one order.

use local_dynamodb::FaultPlan;
use serde_json::json;

use crate::{
    request::{OTHER_USER, USER, history, whole_history},
    world::{OPERATOR, World},
};

#[tokio::test]
async fn the_audit_trail_is_the_stream() {
    let world = World::new().await;
    let events = world.place("order-123", USER).await;
    assert_eq!(
        world.ask(&history("order-123")).await.ok(),
        json!({ "orderId": "order-123", "events": events })
    );
}

#[tokio::test]
async fn another_customers_history_is_answered_like_none() {
    let world = World::new().await;
    world.place("order-123", USER).await;
    let others = world.ask(&history("order-123").of(OTHER_USER)).await;
    let unknown = world.ask(&history("order-124")).await;
    assert_eq!((others.problem(404), unknown.problem(404)), (None, None));
    let text = unknown.body.to_string().replace("order-124", "order-123");
    assert_eq!(others.body.to_string(), text);
}

#[tokio::test]
async fn a_customer_does_not_see_who_of_the_shop_did_what_and_why() {
    let world = World::new().await;
    let events = world.in_review("order-123", USER).await;
    let answer = world.ask(&history("order-123")).await;
    let text = answer.text.clone();
    let seen = answer.ok();
    let metadata = seen["events"].as_array().unwrap().iter().map(|it| &it["metadata"]);
    let seen: Vec<_> = metadata.map(|it| (it["actor"].as_str(), it["reason"].as_str())).collect();
    assert_eq!(
        seen,
        [
            (Some(USER), Some("a gift")),
            (Some(USER), None),
            (Some("operator"), None),
            (Some("system"), None),
            (None, None),
        ]
    );
    assert!(!text.contains(OPERATOR) && !text.contains("4711"), "{text}");
    let whole = world.ask(&whole_history("order-123")).await;
    assert_eq!(whole.ok(), json!({ "orderId": "order-123", "events": events }));
}

#[tokio::test]
async fn the_whole_trail_is_for_operators_and_of_orders_that_there_are() {
    let world = World::new().await;
    world.place("order-123", USER).await;
    let customer = history("order-123").with("routeKey", "GET /admin/orders/{id}/events");
    world.ask(&customer).await.problem(403);
    world.ask(&whole_history("order-124")).await.problem(404);
    assert_eq!(world.ask(&whole_history("a/b")).await.problem(400), Some("id"));
}

/// A stream may be long, and reading it costs by its length.
#[tokio::test]
async fn a_stranger_has_one_event_read() {
    let world = World::new().await;
    world.place("order-123", USER).await;
    let calls = FaultPlan::none();
    world.ask_with(calls.clone(), &history("order-123").of(OTHER_USER)).await.problem(404);
    assert_eq!(calls.calls(), 1);
}

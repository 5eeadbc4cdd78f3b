//! The audit trail of one order.

use serde_json::json;

use crate::{
    request::{OTHER_USER, USER, history},
    world::World,
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
async fn another_customers_history_looks_like_none() {
    let world = World::new().await;
    world.place("order-123", USER).await;
    let others = world.ask(&history("order-123").of(OTHER_USER)).await;
    let nobodys = world.ask(&history("order-124")).await;
    assert_eq!((others.problem(404), nobodys.problem(404)), (None, None));
    let text = nobodys.body.to_string().replace("order-124", "order-123");
    assert_eq!(others.body.to_string(), text);
}

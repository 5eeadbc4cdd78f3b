//! Who may ask for what.

use local_testkit::http::Request;
use serde_json::json;

use crate::{
    request::{books_order, cancel, place},
    world::World,
};

async fn refuse(world: &World, request: Request, status: u64) {
    let answer = world.ask(&request).await;
    answer.problem(status);
    assert!(answer.headers["www-authenticate"].as_str().unwrap().starts_with("Bearer"));
}

#[tokio::test]
async fn nobody_orders_or_cancels_without_saying_who_it_is() {
    let world = World::new().await;
    let order = world.placed("key-0").await;
    for request in [place(&books_order()), cancel(order.as_str())] {
        refuse(&world, request.clone().anonymous(), 401).await;
        for subject in ["", "user 123", "../user", "user-123#admin", &"u".repeat(65), "usér"] {
            refuse(&world, request.clone().of(subject), 401).await;
        }
        refuse(&world, request.claims(json!({ "scope": "orders:write" })), 401).await;
    }
    assert_eq!(world.history(&order).await, ["OrderCreated"]);
}

#[tokio::test]
async fn nobody_orders_or_cancels_without_the_scope() {
    let world = World::new().await;
    let order = world.placed("key-0").await;
    for request in [place(&books_order()), cancel(order.as_str())] {
        for scope in ["", "orders:read", "orders:write:all", "ORDERS:WRITE"] {
            let claims = json!({ "sub": "user-123", "scope": scope });
            refuse(&world, request.clone().claims(claims), 403).await;
        }
    }
    assert_eq!(world.events().await, 1);
}

#[tokio::test]
async fn a_route_that_is_not_there_is_not_found() {
    let world = World::new().await;
    for route in ["GET /orders", "DELETE /orders/{id}", "$default"] {
        let request = place(&books_order()).with("routeKey", route);
        assert_eq!(world.ask(&request).await.problem(404), None);
    }
}

//! Who may ask for what.

use local_testkit::http::Request;
use serde_json::json;

use crate::{
    request::{USER, detail, history, list, products, request},
    world::World,
};

fn of_a_customer() -> [Request; 3] {
    [detail("order-123"), history("order-123"), list()]
}

#[tokio::test]
async fn nobody_sees_orders_without_saying_who_it_is() {
    let world = World::new().await;
    world.place("order-123", USER).await;
    for request in of_a_customer() {
        let subjects = ["", "user 123", "user-123#", "usér"];
        let mut nobodies = vec![request.clone().anonymous()];
        nobodies.extend(subjects.map(|subject| request.clone().of(subject)));
        nobodies.push(request.claims(json!({ "scope": "orders:read" })));
        for nobody in nobodies {
            let answer = world.ask(&nobody).await;
            answer.problem(401);
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
}

#[tokio::test]
async fn nobody_sees_orders_without_the_scope() {
    let world = World::new().await;
    world.place("order-123", USER).await;
    for request in of_a_customer() {
        for scope in ["", "orders:write", "orders:readers"] {
            let claims = json!({ "sub": USER, "scope": scope });
            world.ask(&request.clone().claims(claims)).await.problem(403);
        }
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_an_order_is_named() {
    let world = World::new().await;
    let overlong = "o".repeat(65);
    for order in ["", "ord\u{e9}r", "order\0", "\u{202e}1-redro", "a/b", "..", "a#b", &overlong] {
        for request in [detail(order), history(order)] {
            assert_eq!(world.ask(&request).await.problem(400), Some("id"));
        }
    }
}

#[tokio::test]
async fn anybody_sees_the_catalogue() {
    let world = World::new().await;
    assert_eq!(world.ask(&products()).await.ok(), json!({ "products": [] }));
}

#[tokio::test]
async fn a_route_that_is_not_there_is_not_found() {
    let world = World::new().await;
    for route in ["POST /orders", "GET /", "$default"] {
        assert_eq!(world.ask(&request(route)).await.problem(404), None);
    }
}

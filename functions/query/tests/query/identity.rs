//! Who may ask for what.

use http_api::{TokenScope, caller_id};
use local_dynamodb::FaultPlan;
use serde_json::json;
use testkit::http::{Answer, Request};

use crate::{
    request::{USER, detail, history, list, products, request},
    world::World,
};

fn of_a_customer() -> [Request; 3] {
    [detail("order-123"), history("order-123"), list()]
}

#[tokio::test]
async fn a_caller_without_claims_sees_no_orders() {
    let world = World::new().await;
    world.place("order-123", USER).await;
    for request in of_a_customer() {
        let subjects = ["", "  ", "\t", &"u".repeat(1025)];
        let mut callers = vec![request.clone().anonymous()];
        callers.extend(subjects.map(|subject| request.clone().of(subject)));
        callers.push(request.claims(json!({ "scope": "orders:read" })));
        for caller in callers {
            let answer = world.ask(&caller).await;
            answer.problem(401);
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
}

#[tokio::test]
async fn a_caller_without_the_scope_sees_no_orders() {
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
async fn each_subject_sees_orders_of_its_own() {
    let world = World::new().await;
    let subjects = ["auth0|77", "auth0:77", "auth0_77", "ann@customers.example", "Ann Miller"];
    for (index, subject) in subjects.iter().enumerate() {
        let user = caller_id("https://issuer.example", subject).unwrap();
        world.place(&format!("order-{index}"), user.as_str()).await;
    }
    for (index, subject) in subjects.iter().enumerate() {
        let claims = json!({
            "iss": "https://issuer.example", "sub": subject, "scope": "orders:read",
        });
        for other in 0..subjects.len() {
            let status = if other == index { 200 } else { 404 };
            let request = history(&format!("order-{other}")).claims(claims.clone());
            assert_eq!(world.ask(&request).await.status, status, "{subject} of order-{other}");
        }
    }
}

#[tokio::test]
async fn a_scope_is_called_as_the_issuer_calls_it() {
    let world = World::new().await;
    world.place("order-123", USER).await;
    let required = TokenScope::parse("shop-api/orders.read").unwrap();
    for (scope, status) in [
        ("openid shop-api/orders.read", 200),
        ("orders.read", 403),
        ("orders:read", 403),
        ("evil/orders.read", 403),
        ("evil-shop-api/orders.read", 403),
    ] {
        let request = history("order-123").claims(json!({ "sub": USER, "scope": scope }));
        let api = world.api_of(FaultPlan::none(), required.clone());
        let answer: Answer = api.handle(request.event()).await.into();
        assert_eq!(answer.status, status, "{scope}");
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
async fn every_caller_sees_the_catalogue() {
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

/// The gateway brings each route to one function: the other knows nothing of it.
#[tokio::test]
async fn a_function_answers_its_own_routes_and_no_others() {
    let world = World::new().await;
    let orders = world.api(FaultPlan::none());
    let catalogue = world.catalogue(FaultPlan::none());
    let answer: Answer = orders.handle(products().event()).await.into();
    assert_eq!(answer.problem(404), None);
    for request in [list(), request("POST /products"), request("$default")] {
        let answer: Answer = catalogue.handle(request.event()).await.into();
        assert_eq!(answer.problem(404), None);
    }
}

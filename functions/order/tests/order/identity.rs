//! Who may ask for what.

use std::collections::BTreeSet;

use http_api::TokenScope;
use local_dynamodb::FaultPlan;
use runtime::Clock;
use serde_json::{Value, json};
use testkit::http::{Answer, Request};

use crate::{
    request::{USER, books_order, cancel, order_id, place},
    world::{NOW, World, id},
};

async fn refuse(world: &World, request: Request, status: u64) {
    let answer = world.ask(&request).await;
    answer.problem(status);
    assert!(answer.headers["www-authenticate"].as_str().unwrap().starts_with("Bearer"));
}

#[tokio::test]
async fn a_caller_without_claims_orders_and_cancels_nothing() {
    let world = World::new().await;
    let order = world.placed("key-0").await;
    for request in [place(&books_order()), cancel(order.as_str())] {
        refuse(&world, request.clone().anonymous(), 401).await;
        for subject in ["", "   ", "\u{3000}", &"u".repeat(1025)] {
            refuse(&world, request.clone().of(subject), 401).await;
        }
        refuse(&world, request.claims(json!({ "scope": "orders:write" })), 401).await;
    }
    assert_eq!(world.history(&order).await, ["OrderCreated"]);
}

#[tokio::test]
async fn a_caller_without_the_scope_orders_and_cancels_nothing() {
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

fn of_auth0(subject: &str) -> Value {
    json!({ "iss": "https://shop.eu.auth0.com/", "sub": subject, "scope": "orders:write" })
}

#[tokio::test]
async fn a_customer_orders_under_an_id_that_reveals_nothing_of_them() {
    let world = World::new().await;
    let subjects = [
        "auth0|65a1b2c3d4e5f6071829",
        "windowslive|0f0e0d0c0b0a0908",
        "ann.miller@customers.example",
        "us-west-2:11112222-3333-4444-8555-666677778888",
        "Ann Miller",
        "kQ3fXb1pT7@clients",
        &"s".repeat(255),
    ];
    let mut orders = BTreeSet::new();
    for subject in subjects {
        let place = place(&books_order()).claims(of_auth0(subject));
        let answer = world.ask(&place).await;
        assert_eq!(answer.status, 201, "{subject}: {}", answer.text);
        let order = order_id(&answer);
        let created = world.store(FaultPlan::none()).first(&id(&order)).await.unwrap().unwrap();
        let user = created.data["userId"].as_str().unwrap();
        assert!(user.starts_with("cust_"), "{user}");
        let event = serde_json::to_string(&created).unwrap();
        assert!(!event.contains(subject) && !event.contains("Miller"), "{event}");
        assert!(orders.insert(order.clone()), "the same key of two callers is two orders");
        let cancel = cancel(&order).claims(of_auth0("google-oauth2|12345"));
        assert_eq!(world.ask(&cancel).await.status, 404, "{subject}");
    }
}

#[tokio::test]
async fn subjects_that_differ_in_a_sign_are_people_of_their_own() {
    let world = World::new().await;
    let subjects = ["k|9", "k:9", "k_9", "k 9", "k9"];
    let mut orders = BTreeSet::new();
    for subject in subjects {
        for _ in 0..2 {
            let answer = world.ask(&place(&books_order()).claims(of_auth0(subject))).await;
            assert_eq!(answer.status, 201, "{subject}");
            orders.insert(order_id(&answer));
        }
    }
    assert_eq!(orders.len(), subjects.len(), "one order each, however often it is asked for");
}

#[tokio::test]
async fn no_customer_gets_the_id_of_another_by_a_name_like_it() {
    let world = World::new().await;
    let place = |subject: &str| place(&books_order()).claims(of_auth0(subject));
    let order = order_id(&world.ask(&place("auth0|victim")).await);
    let created = world.store(FaultPlan::none()).first(&id(&order)).await.unwrap().unwrap();
    let victim = created.data["userId"].as_str().unwrap();
    let answer = world.ask(&place(victim)).await;
    assert_eq!(answer.status, 201);
    assert_ne!(order_id(&answer), order);
    assert_eq!(world.ask(&cancel(&order).claims(of_auth0(victim))).await.status, 404);
}

#[tokio::test]
async fn a_scope_is_called_as_the_issuer_calls_it() {
    let world = World::new().await;
    let named = |name: &str| TokenScope::parse(name).unwrap();
    let cognito = named("shop-api/orders.write");
    let groups = named("shoppers").in_claim("cognito:groups").unwrap();
    for (required, claim, value, status) in [
        (&cognito, "scope", "shop-api/orders.write shop-api/orders.read", 201),
        (&cognito, "scp", "[shop-api/orders.write openid]", 201),
        (&cognito, "scope", "evil/orders.write", 403),
        (&cognito, "scope", "orders.write", 403),
        (&cognito, "scope", "not-shop-api/orders.write", 403),
        (&named("orders:write"), "scope", "shop-api/orders:write", 403),
        (&groups, "cognito:groups", "[staff shoppers]", 201),
        (&groups, "cognito:groups", "[nonshoppers]", 403),
        (&groups, "scope", "shoppers", 403),
    ] {
        let claims = json!({ "sub": USER, claim: value });
        let request = place(&books_order()).claims(claims);
        let api = world.api_of(FaultPlan::none(), Clock::fixed(NOW), required.clone());
        let answer: Answer = api.handle(request.event()).await.into();
        assert_eq!(answer.status, status, "{claim}: {value}");
    }
}

#[tokio::test]
async fn a_route_that_is_not_there_is_not_found() {
    let world = World::new().await;
    for route in ["GET /orders", "DELETE /orders/{id}", "$default"] {
        let request = place(&books_order()).with("routeKey", route);
        assert_eq!(world.ask(&request).await.problem(404), None);
    }
}

//! How many orders one customer may place.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use local_dynamodb::{Fault, FaultPlan};
use order::{api::OrderApi, limit::Limits};
use runtime::Clock;
use serde_json::{Value, json};
use testkit::http::{Answer, Request};

use crate::{
    request::{OTHER_USER, USER, books_order, line, place},
    world::{NOW, World},
};

const LIMITS: Limits = Limits { open: 20, per_minute: 10 };
const TIGHT: Limits = Limits { open: 3, per_minute: 2 };

fn api(world: &World, limits: Limits) -> OrderApi {
    world.limited(FaultPlan::none(), Clock::fixed(NOW), limits)
}

fn ago(seconds: i64) -> time::OffsetDateTime {
    NOW - time::Duration::seconds(seconds)
}

async fn ask(api: &OrderApi, request: &Request) -> Answer {
    api.handle(request.event()).await.into()
}

/// Places the sample order under a key of its own.
async fn place_by(api: &OrderApi, user: &str, number: usize) -> Answer {
    let request = place(&books_order()).header("idempotency-key", &format!("key-{number}"));
    ask(api, &request.claims(json!({ "sub": user, "scope": "orders:write" }))).await
}

fn refused(answer: &Answer, retry_after: &str, detail: &str) {
    assert_eq!(answer.problem(429), None, "{}", answer.text);
    assert_eq!(answer.body["type"], "urn:orderly:problem:too-many-orders");
    assert_eq!(answer.body["title"], "Too many orders");
    assert_eq!(answer.headers["retry-after"], retry_after);
    assert_eq!(answer.body["detail"], detail);
}

#[tokio::test]
async fn a_customer_at_the_limit_of_open_orders_may_place_no_other_until_one_ends() {
    let world = World::new().await;
    for number in 0..20 {
        let user = if number == 19 { OTHER_USER } else { USER };
        world.project(&format!("order-{number}"), user, "paid", ago(3_600)).await;
    }
    assert_eq!(place_by(&api(&world, LIMITS), USER, 0).await.status, 201, "nineteen are open");
    world.project("order-20", USER, "created", ago(3_500)).await;
    let before = world.events().await;
    let detail = "at most 20 orders at a time that are neither completed nor cancelled";
    refused(&place_by(&api(&world, LIMITS), USER, 1).await, "60", detail);
    assert_eq!(world.events().await, before, "nothing is written");
    assert_eq!(place_by(&api(&world, LIMITS), OTHER_USER, 1).await.status, 201);
    world.project("order-3", USER, "completed", ago(3_600)).await;
    assert_eq!(place_by(&api(&world, LIMITS), USER, 1).await.status, 201);
}

/// What other processes have let through is seen in the read model.
#[tokio::test]
async fn a_minute_has_room_for_so_many_orders_and_then_again() {
    let world = World::new().await;
    for number in 0..9 {
        world.project(&format!("order-{number}"), USER, "completed", ago(50 - number)).await;
    }
    assert_eq!(place_by(&api(&world, LIMITS), USER, 0).await.status, 201, "the tenth");
    world.project("order-9", USER, "cancelled", ago(1)).await;
    let detail = "at most 10 orders a minute";
    refused(&place_by(&api(&world, LIMITS), USER, 1).await, "10", detail);
    assert_eq!(place_by(&api(&world, LIMITS), OTHER_USER, 1).await.status, 201);
    let later = Clock::fixed(NOW + Duration::from_secs(10));
    let api = world.limited(FaultPlan::none(), later, LIMITS);
    assert_eq!(place_by(&api, USER, 1).await.status, 201, "the first is a minute old");
}

/// The read model knows of none of these yet.
#[tokio::test]
async fn a_burst_in_one_process_is_over_after_the_minutes_orders() {
    let world = World::new().await;
    let seconds = Arc::new(AtomicI64::new(0));
    let now = Arc::clone(&seconds);
    let clock = Clock::from_fn(move || ago(-now.load(Ordering::SeqCst)));
    let api = world.limited(FaultPlan::none(), clock, LIMITS);
    let mut answers = Vec::new();
    for number in 0..133 {
        answers.push(place_by(&api, USER, number).await);
    }
    let placed = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(placed.count(), 10);
    answers[10..].iter().for_each(|it| refused(it, "6", "at most 10 orders a minute"));
    assert_eq!(world.events().await, 10);
    assert_eq!(place_by(&api, OTHER_USER, 0).await.status, 201);
    seconds.store(60, Ordering::SeqCst);
    for number in 200..210 {
        assert_eq!(place_by(&api, USER, number).await.status, 201, "{number}");
    }
}

#[tokio::test]
async fn a_repeated_request_gets_its_answer_however_much_was_placed() {
    let world = World::new().await;
    let api = api(&world, TIGHT);
    let first = place_by(&api, USER, 0).await;
    place_by(&api, USER, 1).await;
    for number in 0..5 {
        world.project(&format!("order-{number}"), USER, "created", NOW).await;
    }
    refused(&place_by(&api, USER, 2).await, "30", "at most 2 orders a minute");
    for _ in 0..3 {
        let again = place_by(&api, USER, 0).await;
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(again.headers["idempotency-replayed"], "true");
    }
}

#[tokio::test]
async fn what_is_refused_for_another_reason_counts_for_nothing() {
    let world = World::new().await;
    let api = api(&world, TIGHT);
    for order in [line("prod-404", 1), line("prod-001", 0), json!({ "items": [] }), Value::Null] {
        for _ in 0..2 {
            let status = ask(&api, &place(&order)).await.status;
            assert!(status == 400 || status == 422, "{order}: {status}");
        }
    }
    assert_eq!(place_by(&api, USER, 0).await.status, 201);
    assert_eq!(place_by(&api, USER, 1).await.status, 201);
    assert_eq!(place_by(&api, USER, 2).await.status, 429);
}

/// An order is worth more than the limit; the process still counts what it lets through itself.
#[tokio::test]
async fn an_unavailable_read_model_holds_up_no_order() {
    let world = World::new().await;
    for number in 0..40 {
        world.project(&format!("order-{number}"), USER, "created", ago(3_600)).await;
    }
    let unavailable = FaultPlan::always(Fault::Throttle);
    let api = world.limited(unavailable, Clock::fixed(NOW), TIGHT);
    assert_eq!(place_by(&api, USER, 0).await.status, 201);
    assert_eq!(place_by(&api, USER, 1).await.status, 201);
    assert_eq!(place_by(&api, USER, 2).await.status, 429);
}

/// No customer is locked out by an item of another writer.
#[tokio::test]
async fn a_row_that_is_invalid_holds_up_no_order() {
    let world = World::new().await;
    world.project("order-1", USER, "created", ago(3_600)).await;
    world.spoil("order-1").await;
    assert_eq!(place_by(&api(&world, TIGHT), USER, 0).await.status, 201);
}

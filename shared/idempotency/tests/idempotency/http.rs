//! The `Idempotency-Key` of an HTTP API, over the real SDK.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use ::http::{Request, Response, StatusCode};
use idempotency::{Attempt, DynamoDbStore, UnitOfWork, http::HttpLayer};
use local_dynamodb::{Fault, FaultPlan};
use runtime::Failure;
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    handlers::count_up,
    world::{LEASE_OVER, TICK, World},
};

type Body = Vec<u8>;
type Call = Attempt<Request<Body>>;
type Unit = UnitOfWork<Response<String>>;

fn order(key: Option<&str>, body: &str) -> Request<Body> {
    request("POST", "/orders?dry=false", key, body)
}

fn request(method: &str, path: &str, key: Option<&str>, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("customer", "anna");
    let request = key.into_iter().fold(request, |it, key| it.header("Idempotency-Key", key));
    request.body(body.as_bytes().to_vec()).unwrap()
}

fn customer(request: &Request<Body>) -> String {
    request.headers()["customer"].to_str().unwrap().to_owned()
}

fn leased(world: &World, plan: FaultPlan) -> HttpLayer<DynamoDbStore, Body> {
    HttpLayer::leased(world.guard(plan), customer)
}

fn transactional(world: &World, plan: FaultPlan) -> HttpLayer<DynamoDbStore, Body> {
    HttpLayer::transactional(world.guard(plan), customer)
}

/// Counts one and answers so, with the number of the attempt.
async fn place(call: Call) -> Result<Unit, Failure> {
    let response = Response::builder()
        .status(201)
        .header("location", "/orders/1")
        .body(format!("placed {}", String::from_utf8_lossy(call.request.body())));
    Ok(UnitOfWork::new(response.unwrap()).write(count_up("orders")))
}

async fn send<H, F>(
    layer: &HttpLayer<DynamoDbStore, Body>,
    request: Request<Body>,
    handler: H,
) -> Response<String>
where
    H: FnMut(Call) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Unit, Failure>> + Send + 'static,
{
    let answer: Result<_, Infallible> = layer.layer(service_fn(handler)).oneshot(request).await;
    answer.unwrap()
}

#[track_caller]
fn assert_problem(response: &Response<String>, status: u16, kind: &str) {
    assert_eq!(response.status().as_u16(), status, "{response:?}");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!((&problem["type"], &problem["status"]), (&kind.into(), &status.into()));
    assert!(!problem["detail"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_before_with_a_header_for_it() {
    for layer in [leased, transactional] {
        let world = World::new().await;
        let layer = layer(&world, FaultPlan::none());
        let first = send(&layer, order(Some("k-1"), r#"{"a":1,"b":2}"#), place).await;
        assert_eq!(first.status(), StatusCode::CREATED);
        assert!(!first.headers().contains_key("idempotency-replayed"));
        // The same JSON in another layout.
        let again = send(&layer, order(Some("k-1"), r#"{ "b": 2, "a": 1 }"#), place).await;
        assert_eq!((again.status(), again.body()), (first.status(), first.body()));
        assert_eq!(again.headers()["location"], "/orders/1");
        assert_eq!(again.headers()["idempotency-replayed"], "true");
        assert_eq!(world.count("orders").await, 1);
    }
}

#[tokio::test]
async fn a_key_that_is_missing_or_none_is_a_400() {
    let world = World::new().await;
    let layer = leased(&world, FaultPlan::none());
    let kind = "idempotency-key-missing";
    assert_problem(&send(&layer, order(None, "{}"), place).await, 400, kind);
    assert_problem(&send(&layer, order(Some(""), "{}"), place).await, 400, kind);
    let mut twice = order(Some("k-1"), "{}");
    twice.headers_mut().append("idempotency-key", "k-2".parse().unwrap());
    assert_problem(&send(&layer, twice, place).await, 400, kind);
    let kind = "idempotency-key-invalid";
    assert_problem(&send(&layer, order(Some(&"k".repeat(256)), "{}"), place).await, 400, kind);
    assert_problem(&send(&layer, order(Some("k 1"), "{}"), place).await, 400, kind);
    assert_eq!(world.count("orders").await, 0);
    let longest = send(&layer, order(Some(&"k".repeat(255)), "{}"), place).await;
    assert_eq!(longest.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_key_of_another_request_is_a_422() {
    let world = World::new().await;
    let layer = transactional(&world, FaultPlan::none());
    send(&layer, order(Some("k-1"), "{}"), place).await;
    let others = [
        order(Some("k-1"), r#"{"quantity":2}"#),
        request("PUT", "/orders?dry=false", Some("k-1"), "{}"),
        request("POST", "/orders?dry=true", Some("k-1"), "{}"),
    ];
    for other in others {
        let response = send(&layer, other, place).await;
        assert_problem(&response, 422, "idempotency-key-reused");
    }
    assert_eq!(world.count("orders").await, 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_caller() {
    let world = World::new().await;
    let layer = transactional(&world, FaultPlan::none());
    send(&layer, order(Some("k-1"), "{}"), place).await;
    let mut other = order(Some("k-1"), "{}");
    other.headers_mut().insert("customer", "ben".parse().unwrap());
    let response = send(&layer, other, place).await;
    assert!(!response.headers().contains_key("idempotency-replayed"));
    assert_eq!(world.count("orders").await, 2);
}

#[tokio::test]
async fn a_request_that_is_being_handled_is_a_409_with_retry_after() {
    let world = World::new().await;
    let crashing = leased(&world, FaultPlan::at(0, Fault::CrashAfter));
    send(&crashing, order(Some("k-1"), "{}"), place).await;
    let layer = leased(&world, FaultPlan::none());
    let meanwhile = send(&layer, order(Some("k-1"), "{}"), place).await;
    assert_problem(&meanwhile, 409, "idempotency-key-in-use");
    assert_eq!(meanwhile.headers()["retry-after"], "1");
    world.pass(LEASE_OVER + TICK);
    let then = send(&layer, order(Some("k-1"), "{}"), place).await;
    assert_eq!(then.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn an_answer_that_the_server_failed_is_given_and_not_kept() {
    for layer in [leased, transactional] {
        let world = World::new().await;
        let layer = layer(&world, FaultPlan::none());
        let calls = Arc::new(AtomicU16::new(0));
        let failing = move |_| {
            let status = [503, 404, 200][usize::from(calls.fetch_add(1, Ordering::SeqCst))];
            let response = Response::builder().status(status).body(status.to_string()).unwrap();
            async move { Ok(UnitOfWork::new(response).write(count_up("orders"))) }
        };
        let first = send(&layer, order(Some("k-1"), "{}"), failing.clone()).await;
        assert_eq!((first.status().as_u16(), &**first.body()), (503, "503"));
        assert_eq!(world.count("orders").await, 0);
        // What the client did wrong stays wrong.
        for _ in 0..2 {
            let then = send(&layer, order(Some("k-1"), "{}"), failing.clone()).await;
            assert_eq!((then.status().as_u16(), &**then.body()), (404, "404"));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_handled_now_is_a_503_and_never_a_500() {
    let world = World::new().await;
    let layer = transactional(&world, FaultPlan::at(0, Fault::CrashBefore));
    let response = send(&layer, order(Some("k-1"), "{}"), place).await;
    assert_problem(&response, 503, "try-again");
    assert_eq!(response.headers()["retry-after"], "1");
    let layer = transactional(&world, FaultPlan::none());
    let busy = |_| async { Err(Failure::retry_after("busy", Duration::from_millis(2_500))) };
    let response = send(&layer, order(Some("k-1"), "{}"), busy).await;
    assert_eq!(response.headers()["retry-after"], "3");
    let broken = |_| async { Err(Failure::permanent("a table that is not there")) };
    let response = send(&layer, order(Some("k-1"), "{}"), broken).await;
    assert_problem(&response, 500, "not-handled");
    assert!(!response.body().contains("table"), "internal errors are not for clients");
}

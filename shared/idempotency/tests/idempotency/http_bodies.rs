//! Which bodies of a request with the same key are equal.

use ::http::{Request, Response};
use idempotency::{
    Attempt, IdempotencyConfig, MemoryConditionFailed, MemoryStore, MemoryWrite, ReplayPolicy,
    UnitOfWork, http::HttpLayer,
};
use runtime::Failure;
use tower::{Layer, ServiceExt, service_fn};

type Call = Attempt<Request<Vec<u8>>, MemoryConditionFailed>;

async fn made(_: Call) -> Result<UnitOfWork<Response<String>, MemoryWrite>, Failure> {
    Ok(UnitOfWork::new(Response::builder().status(201).body(String::new()).unwrap()))
}

/// With which status `second` is answered after `first`.
async fn after(first: &[u8], second: &[u8]) -> u16 {
    let guard = IdempotencyConfig::new(MemoryStore::new(), "orders", ReplayPolicy::Refuse);
    let layer = HttpLayer::transactional(guard, |_: &Request<Vec<u8>>| "anna".to_owned());
    let send = |body: &[u8]| {
        let request = Request::post("/orders").header("idempotency-key", "k-1");
        layer.layer(service_fn(made)).oneshot(request.body(body.to_vec()).unwrap())
    };
    assert_eq!(send(first).await.unwrap().status(), 201);
    assert_eq!(send(first).await.unwrap().headers()["idempotency-replayed"], "true");
    send(second).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn another_body_is_another_request() {
    for (first, second) in [
        (r#"{"amount":100000000000000000001}"#, r#"{"amount":100000000000000000002}"#),
        (r#"{"amount":-9223372036854775809}"#, r#"{"amount":-9223372036854775810}"#),
        (r#"{"amount":0.1}"#, r#"{"amount":0.10000000000000000001}"#),
        (r#"{"amount":1e400}"#, r#"{"amount":1e401}"#),
        (r#"{"to":"a","to":"b"}"#, r#"{"to":"b"}"#),
        (r#"{"to":"a","to":"b"}"#, r#"{"to":"b","to":"a"}"#),
        (r#"{"card":{"n":"1","n":"2"}}"#, r#"{"card":{"n":"2"}}"#),
        (r#"[{"n":1,"\u006e":2}]"#, r#"[{"n":2}]"#),
        (r#"{"to":"b"}"#, r#"{"to":"a","to":"b"}"#),
        (r#"{"a":1}"#, r#"{"a":"1"}"#),
        (r#"{"a":null}"#, "{}"),
        ("a=1&b=2", "b=2&a=1"),
    ] {
        assert_eq!(after(first.as_bytes(), second.as_bytes()).await, 422, "{first} and {second}");
    }
    assert_eq!(after(b"\xff\x01", b"\xff\x02").await, 422);
}

#[tokio::test]
async fn an_equal_body_is_the_same_request() {
    for (first, second) in [
        (r#"{"a":1e2}"#, r#"{"a":100.0}"#),
        (r#"{"a":1}"#, r#"{"a":1.0}"#),
        (r#"{"a":[0, 1]}"#, r#"{"a":[-0.0, 10e-1]}"#),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#),
        (r#"{"a":[1,2]}"#, "{ \"a\" :\t[ 1 , 2 ] }\n"),
        (r#"{"a":"é\/"}"#, r#"{"\u0061":"\u00e9/"}"#),
        ("100000000000000000001", "1000000000000000000010E-1"),
        ("", ""),
    ] {
        assert_eq!(after(first.as_bytes(), second.as_bytes()).await, 201, "{first} and {second}");
    }
}

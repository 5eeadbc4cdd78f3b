//! Which answers are kept, and what of them is given again.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use ::http::{HeaderValue, Request, Response};
use idempotency::{
    Attempt, IdempotencyConfig, MemoryConditionFailed, MemoryStore, MemoryWrite, ReplayPolicy,
    UnitOfWork,
    http::{HttpLayer, Keep, is_replayed},
};
use runtime::Failure;
use tower::{Layer, ServiceExt, service_fn};

type Layers = HttpLayer<MemoryStore, Vec<u8>>;
type Call = Attempt<Request<Vec<u8>>, MemoryConditionFailed>;

fn layers() -> [Layers; 2] {
    let guard = || IdempotencyConfig::new(MemoryStore::new(), "orders", ReplayPolicy::Refuse);
    let caller = |_: &Request<Vec<u8>>| "anna".to_owned();
    [HttpLayer::transactional(guard(), caller), HttpLayer::leased(guard(), caller)]
}

fn answer(status: u16, headers: &[(&str, &str)]) -> Response<String> {
    let response = Response::builder().status(status);
    let response = headers.iter().fold(response, |it, (name, value)| it.header(*name, *value));
    response.body(format!("answer {status}")).unwrap()
}

/// Sends the same request twice to a handler that answers `first`, and 201 afterwards.
async fn twice(layer: &Layers, first: &Response<String>) -> [Response<String>; 2] {
    let calls = Arc::new(AtomicU32::new(0));
    let first = first.clone();
    let handler = service_fn(move |_: Call| {
        let is_first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        let answer = if is_first { first.clone() } else { answer(201, &[]) };
        async move { Ok::<_, Failure>(UnitOfWork::<_, MemoryWrite>::new(answer)) }
    });
    let send = || {
        let request = Request::post("/orders").header("idempotency-key", "k-1");
        layer.layer(handler.clone()).oneshot(request.body(b"{}".to_vec()).unwrap())
    };
    [send().await.unwrap(), send().await.unwrap()]
}

#[tokio::test]
async fn an_answer_that_is_final_is_kept() {
    for status in
        [200, 201, 202, 204, 303, 400, 402, 403, 404, 405, 410, 412, 413, 415, 418, 422, 451]
    {
        for layer in layers() {
            let [first, again] = twice(&layer, &answer(status, &[])).await;
            assert_eq!(first.status(), status);
            assert_eq!((again.status(), again.body()), (first.status(), first.body()));
            assert_eq!(again.headers()["idempotency-replayed"], "true");
        }
    }
    // It has the time at which to poll the result.
    for layer in layers() {
        let [_, again] = twice(&layer, &answer(202, &[("retry-after", "5")])).await;
        assert_eq!(again.status(), 202);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_final_is_given_and_not_kept() {
    let passing = [401, 407, 408, 409, 421, 423, 424, 425, 426, 429, 500, 501, 502, 503, 504, 507];
    let passing = passing.map(|status| answer(status, &[("x-why", "later")]));
    let retried = [400, 403, 404, 409, 422, 429, 503].map(|it| answer(it, &[("retry-after", "1")]));
    for first in passing.iter().chain(&retried) {
        for layer in layers() {
            let [given, again] = twice(&layer, first).await;
            assert_eq!(given.status(), first.status());
            assert_eq!((given.headers(), given.body()), (first.headers(), first.body()));
            assert_eq!(again.status(), 201, "after {first:?}");
            assert!(!again.headers().contains_key("idempotency-replayed"));
        }
    }
}

#[tokio::test]
async fn a_handler_decides_itself_what_is_final() {
    for (status, keep, then) in [
        (409, Keep::Always, 409),
        (429, Keep::Always, 429),
        (503, Keep::Always, 503),
        (201, Keep::Never, 201),
        (422, Keep::Never, 201),
    ] {
        for layer in layers() {
            // The layer's rule comes after.
            let layer = layer.keep_if(move |_| keep == Keep::Never);
            let mut first = answer(status, &[]);
            first.extensions_mut().insert(keep);
            let [_, again] = twice(&layer, &first).await;
            assert_eq!(again.status(), then);
            let replayed = again.headers().contains_key("idempotency-replayed");
            assert_eq!(replayed, keep == Keep::Always);
        }
    }
    for layer in layers() {
        let layer = layer.keep_if(|response| response.status() == 409);
        let [_, again] = twice(&layer, &answer(409, &[])).await;
        assert_eq!(again.status(), 409);
    }
}

#[tokio::test]
async fn what_belongs_to_the_first_exchange_is_not_given_again() {
    let about_the_answer = [
        ("location", "/o/1"),
        ("etag", "\"1\""),
        ("content-type", "application/json"),
        ("last-modified", "Mon, 30 Nov 2026 00:00:00 GMT"),
        ("link", "</o>; rel=up"),
        ("x-order", "o-1"),
    ];
    let about_the_exchange = [
        ("set-cookie", "session=first"),
        ("set-cookie", "theme=dark"),
        ("date", "Mon, 30 Nov 2026 00:00:00 GMT"),
        ("x-request-id", "r-1"),
        ("x-amz-request-id", "r-1"),
        ("x-correlation-id", "c-1"),
        ("x-auth-token", "t-1"),
        ("x-amzn-requestid", "r-1"),
        ("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("server-timing", "db;dur=53"),
        ("www-authenticate", "Bearer"),
        ("connection", "close, X-Hop"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("keep-alive", "timeout=5"),
        ("x-ratelimit-remaining", "3"),
        ("retry-after", "1"),
    ];
    let headers = [&about_the_answer[..], &about_the_exchange].concat();
    for layer in layers() {
        let [first, again] = twice(&layer, &answer(201, &headers)).await;
        assert_eq!(first.headers(), answer(201, &headers).headers());
        let mut expected = answer(201, &about_the_answer);
        expected.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
        assert_eq!(again.headers(), expected.headers());
    }
    for layer in layers() {
        let layer = layer.replay_headers(|name| is_replayed(name) != (name == "location"));
        let [_, again] = twice(&layer, &answer(201, &headers)).await;
        assert!(!again.headers().contains_key("location") && again.headers().contains_key("etag"));
    }
}

#[tokio::test]
async fn a_header_that_is_no_text_goes_out_as_it_is_the_first_time_and_again() {
    let mut first = answer(201, &[("x-name", "plain")]);
    let latin = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    first.headers_mut().insert("x-title", latin.clone());
    first.headers_mut().append("x-title", HeaderValue::from_static("second"));
    for layer in layers() {
        let [given, again] = twice(&layer, &first).await;
        assert_eq!(given.headers(), first.headers());
        let titles: Vec<_> = again.headers().get_all("x-title").iter().collect();
        assert!(titles.contains(&&latin) && titles.len() == 2, "{again:?}");
        assert_eq!(again.headers()["x-name"], "plain");
    }
}

#[tokio::test]
async fn a_stored_response_is_replayed_whatever_the_handler_returns_now() {
    for status in [409, 429, 503] {
        for layer in layers() {
            let send = |status| {
                let handler = move |_: Call| async move {
                    Ok::<_, Failure>(UnitOfWork::<_, MemoryWrite>::new(answer(status, &[])))
                };
                let request = Request::post("/orders").header("idempotency-key", "k-1");
                let request = request.body(b"{}".to_vec()).unwrap();
                layer.layer(service_fn(handler)).oneshot(request)
            };
            assert_eq!(send(201).await.unwrap().status(), 201);
            // It finds what it did itself in its way.
            let again = send(status).await.unwrap();
            assert_eq!(again.status(), 201);
            assert_eq!(again.headers()["idempotency-replayed"], "true");
        }
    }
}

//! Requests as they arrive, and answers that never do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    future::{Ready, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::Request, routing::any};
use http_client::{AnswerTooLong, ApiKey, HttpClient, InvalidKey, StatusCode, parse_url};
use runtime::{Failure, Wait};
use tokio::net::{TcpListener, TcpSocket};

async fn echo(request: Request) -> Json<Vec<String>> {
    let header = |name: &str| {
        let value = request.headers().get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or("-").to_owned()
    };
    Json(vec![
        request.method().to_string(),
        request.uri().to_string(),
        header("authorization"),
        header("idempotency-key"),
    ])
}

async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(any(echo));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn port(url: &str) -> HttpClient {
    HttpClient::new(parse_url(url).unwrap(), ApiKey::parse("sk_secret").unwrap()).unwrap()
}

#[tokio::test]
async fn requests_arrive_escaped_and_with_their_keys() {
    let port = port(&format!("{}/base/", serve().await));
    let got = port.send(port.get(&["v1", "a/b?c"], &[("query", "x['y']:'z' &")])).await.unwrap();
    let got: Vec<String> = got.json().unwrap();
    assert_eq!(got[0], "GET");
    assert_eq!(got[1], "/base/v1/a%2Fb%3Fc?query=x%5B%27y%27%5D%3A%27z%27+%26");
    assert_eq!(got[2], "Bearer sk_secret");
    assert_eq!(got[3], "-");
    let posted = port.send(port.post(&["v1"], "charge-1")).await.unwrap();
    assert_eq!(posted.json::<Vec<String>>().unwrap()[3], "charge-1");
}

#[tokio::test]
async fn an_unreachable_provider_is_retried_and_no_text_shows_the_key() {
    // Bound and not listened on: there is no answer, and no other process gets the port.
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", held.local_addr().unwrap());
    let port = port(&url);
    let failure = port.send(port.get(&["v1"], &[])).await.unwrap_err();
    assert!(failure.is_retry());
    assert!(!format!("{failure} {failure:?} {port:?}").contains("sk_secret"));
}

#[test]
fn only_a_url_that_can_be_called_is_taken() {
    for bad in ["", "127.0.0.1:9003", "ftp://example.com", "mailto:x@example.com", "http://"] {
        assert!(parse_url(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_key_leaves_this_machine_under_tls_alone() {
    for good in [
        "https://api.stripe.com",
        "https://10.0.0.7:8443/v2",
        "http://127.0.0.1:9003/payments",
        "http://localhost",
        "http://LOCALHOST:1/",
        "http://[::1]:9003",
    ] {
        parse_url(good).unwrap();
    }
    for bad in [
        "http://api.stripe.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://localhost@example.com",
        "http://10.0.0.7",
        "http://0.0.0.0:9003",
        "http://[::2]",
    ] {
        let error = parse_url(bad).unwrap_err().to_string();
        assert!(error.contains("is not an https URL"), "{error}");
    }
}

/// A provider that accepts the key `current` alone, and records each call.
async fn choosy(current: &'static str) -> (String, Arc<Mutex<Vec<(bool, String, String)>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let calls_seen = calls.clone();
    let answer = move |request: Request| {
        let calls_seen = calls_seen.clone();
        async move {
            let (parts, body) = request.into_parts();
            let is_let_in = parts.headers["authorization"] == format!("Bearer {current}");
            assert_eq!(parts.headers.get_all("authorization").iter().count(), 1);
            let key = parts.headers["idempotency-key"].to_str().unwrap().to_owned();
            let body = axum::body::to_bytes(body, 1024).await.unwrap();
            let body = String::from_utf8(body.to_vec()).unwrap();
            calls_seen.lock().unwrap().push((is_let_in, key, body));
            if is_let_in { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(any(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, calls)
}

/// Reads a key, and counts how often.
fn reading(key: &'static str, reads: &Arc<AtomicUsize>) -> impl Fn() -> Ready<Read> + use<> {
    let reads = reads.clone();
    move || {
        reads.fetch_add(1, Ordering::SeqCst);
        ready(ApiKey::parse(key))
    }
}

type Read = Result<ApiKey, InvalidKey>;

#[tokio::test]
async fn a_request_that_a_changed_key_refuses_is_sent_once_more_with_the_new_one() {
    let (url, calls) = choosy("sk_new").await;
    let reads = Arc::new(AtomicUsize::new(0));
    let port = port(&url).renewed_by(reading("sk_new", &reads));
    let other = port.clone();
    let request = port.post(&["v1"], "charge-7").body("amount=1");
    assert_eq!(port.send(request).await.unwrap().status, StatusCode::OK);
    let call = |is_let_in| (is_let_in, "charge-7".to_owned(), "amount=1".to_owned());
    assert_eq!(*calls.lock().unwrap(), [call(false), call(true)]);
    // Later requests have the new key from the start, those of clones as well.
    other.send(other.post(&["v1"], "charge-8")).await.unwrap();
    assert_eq!((calls.lock().unwrap().len(), reads.load(Ordering::SeqCst)), (3, 1));
    assert!(!format!("{port:?}").contains("sk_"));
}

#[tokio::test]
async fn a_key_that_is_the_same_or_wrong_as_well_is_no_reason_to_ask_for_ever() {
    for (kept, calls_expected) in [("sk_secret", 2), ("sk_wrong_too", 3), ("no key", 2)] {
        let (url, calls) = choosy("sk_new").await;
        let reads = Arc::new(AtomicUsize::new(0));
        let port = port(&url).renewed_by(reading(kept, &reads));
        for _ in 0..2 {
            let failure = port.send(port.post(&["v1"], "k")).await.unwrap_err();
            assert!(failure.is_retry() && !format!("{failure:?}").contains("sk_"), "{failure:?}");
        }
        let asked = (calls.lock().unwrap().len(), reads.load(Ordering::SeqCst));
        assert_eq!(asked, (calls_expected, 1), "{kept}");
    }
}

/// Answers with 500 while there are failures left, and counts who asks.
async fn failing(failures: usize) -> (HttpClient, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let answer = move || {
        let asked = counter.fetch_add(1, Ordering::SeqCst);
        async move {
            if asked < failures {
                axum::http::StatusCode::BAD_GATEWAY
            } else {
                axum::http::StatusCode::OK
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(any(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (port(&url), asked)
}

#[tokio::test]
async fn a_provider_that_fails_again_and_again_opens_the_circuit() {
    let (port, asked) = failing(usize::MAX).await;
    for _ in 0..5 {
        let failure = port.send(port.get(&["v1"], &[])).await.unwrap_err();
        assert!(failure.is_retry());
    }
    for _ in 0..3 {
        let failure = port.clone().send(port.get(&["v1"], &[])).await.unwrap_err();
        let Failure::Retry { wait: Wait::AtLeast(left), .. } = failure else {
            panic!("{failure:?}")
        };
        assert!(left <= Duration::from_secs(5) && left > Duration::from_secs(4), "{left:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 5, "it was not asked any more");
}

#[tokio::test]
async fn an_answer_in_between_is_one_that_the_provider_is_there() {
    let (port, asked) = failing(4).await;
    for _ in 0..4 {
        port.send(port.get(&["v1"], &[])).await.unwrap_err();
    }
    for _ in 0..4 {
        port.send(port.get(&["v1"], &[])).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 8);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = |kib: usize| move || async move { "x".repeat(kib * 1024) };
    let router = Router::new().route("/long", any(body(1025))).route("/short", any(body(1024)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let port = port(&url);
    port.send(port.get(&["short"], &[])).await.unwrap();
    let Failure::Retry { reason, .. } = port.send(port.get(&["long"], &[])).await.unwrap_err()
    else {
        panic!("it is not retried")
    };
    assert_eq!(reason.downcast_ref::<AnswerTooLong>().unwrap().status.as_u16(), 200);
}

#[tokio::test]
async fn an_answer_that_is_not_about_the_request_can_be_read() {
    let (port, _) = failing(1).await;
    let answer = port.exchange(port.post(&["v1"], "k")).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.is_replayed), (502, false));
    assert!(answer.settled().unwrap_err().is_retry());
}

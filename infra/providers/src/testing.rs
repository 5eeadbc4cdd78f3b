//! The stand-ins over real HTTP, for their tests.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::Router;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use time::OffsetDateTime;

use local_core::Clock;

/// The address of `router`, served on a port that was free.
pub(crate) async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

pub(crate) fn client() -> Client {
    // Plain HTTP only, but the client wants to know who would do its cryptography.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().tls_certs_only([]).no_proxy().build().unwrap()
}

/// Status and body of an answer.
pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

/// Tries until an answer comes, as a client with a short timeout does.
pub(crate) async fn persist(request: impl Fn() -> RequestBuilder) -> Response {
    for _ in 0..100 {
        match request().timeout(Duration::from_millis(300)).send().await {
            Ok(response) => return response,
            Err(error) => assert!(error.is_timeout(), "{error}"),
        }
    }
    panic!("no answer ever came");
}

/// A clock that a test moves by hand.
pub(crate) fn manual_clock() -> (Clock, Arc<AtomicI64>) {
    let seconds = Arc::new(AtomicI64::new(1_700_000_000));
    let hand = seconds.clone();
    let read =
        move || OffsetDateTime::from_unix_timestamp(seconds.load(Ordering::Relaxed)).unwrap();
    (Clock::new(read), hand)
}

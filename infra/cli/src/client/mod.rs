//! The API as a customer uses it: every order has a key, and whatever is not answered is asked
//! again with the same one.

mod operator;
mod order;

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};

pub use operator::Operator;
pub use order::{Line, NewOrder};

/// How often a request is sent before the client reports the failure.
const ATTEMPTS_MAX: u32 = 10;
/// The pause before the second attempt. Doubled each time, up to two seconds.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// As long as API Gateway waits for a function.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What the API answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; null if it is not JSON.
    pub body: Value,
    /// How long to wait before asking again, if the API asks for it.
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// The id of the order it is about.
    pub fn order_id(&self) -> Option<&str> {
        self.body["orderId"].as_str()
    }

    /// The version that the order has after a command, or has in this answer.
    pub fn version(&self) -> Option<u64> {
        self.body["version"].as_u64()
    }

    fn is_worth_a_retry(&self) -> bool {
        self.status == 429 || self.status >= 500
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No request could ever be sent.
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] reqwest::Error),
    /// No answer came, or only failures of the server.
    #[error("{method} {path}: no answer after {ATTEMPTS_MAX} attempts, the last: {last}")]
    NoAnswer {
        /// The method.
        method: Method,
        /// The path.
        path: String,
        /// What came of the last attempt.
        last: String,
    },
}

/// A customer. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Customer {
    http: Client,
    api: String,
    user: String,
}

impl Customer {
    /// The customer `user` of the API at `api_url`.
    ///
    /// # Errors
    ///
    /// When there can be no HTTP client on this machine.
    pub fn new(api_url: &str, user: &str) -> Result<Self, ClientError> {
        let http = http_client(TIMEOUT).map_err(ClientError::Setup)?;
        Ok(Self { http, api: api_url.to_owned(), user: user.to_owned() })
    }

    /// The same connections for another customer.
    #[must_use]
    pub fn named(&self, user: &str) -> Self {
        Self { user: user.to_owned(), ..self.clone() }
    }

    /// Places an order. The same `key` is the same order.
    ///
    /// # Errors
    ///
    /// When the API does not answer.
    pub async fn place(&self, order: &NewOrder, key: &str) -> Result<Answer, ClientError> {
        self.post("/orders", Some(json!(order)), Some(key)).await
    }

    /// Cancels an order.
    ///
    /// # Errors
    ///
    /// When the API does not answer.
    pub async fn cancel(&self, order_id: &str) -> Result<Answer, ClientError> {
        self.post(&format!("/orders/{order_id}/cancel"), None, None).await
    }

    /// An order, as soon as it can be read: while the API answers that it is not there yet, it is
    /// asked again.
    ///
    /// # Errors
    ///
    /// When the API does not answer.
    pub async fn order(&self, order_id: &str) -> Result<Answer, ClientError> {
        self.poll(&format!("/orders/{order_id}")).await
    }

    /// An order that is at least at the `version` that an earlier answer had
    /// ([`Answer::version`]).
    ///
    /// # Errors
    ///
    /// When the API does not answer.
    pub async fn order_since(&self, order_id: &str, version: u64) -> Result<Answer, ClientError> {
        self.poll(&format!("/orders/{order_id}?minVersion={version}")).await
    }

    /// What is at `path`, asked for again while the API answers that it is not there yet.
    async fn poll(&self, path: &str) -> Result<Answer, ClientError> {
        let mut answer = self.get(path).await?;
        for _ in 0..ATTEMPTS_MAX {
            if answer.status != StatusCode::ACCEPTED.as_u16() {
                break;
            }
            tokio::time::sleep(answer.retry_after.unwrap_or(PAUSE)).await;
            answer = self.get(path).await?;
        }
        Ok(answer)
    }

    /// A page of the customer's orders, newest first.
    ///
    /// # Errors
    ///
    /// When the API does not answer.
    pub async fn orders(&self, limit: u32, cursor: Option<&str>) -> Result<Answer, ClientError> {
        let cursor = cursor.map_or(String::new(), |cursor| format!("&cursor={cursor}"));
        self.get(&format!("/orders?limit={limit}{cursor}")).await
    }

    /// What happened to an order.
    ///
    /// # Errors
    ///
    /// When the API does not answer.
    pub async fn events(&self, order_id: &str) -> Result<Answer, ClientError> {
        self.get(&format!("/orders/{order_id}/events")).await
    }

    /// The catalogue.
    ///
    /// # Errors
    ///
    /// When the API does not answer.
    pub async fn products(&self) -> Result<Answer, ClientError> {
        self.get("/products").await
    }

    async fn get(&self, path: &str) -> Result<Answer, ClientError> {
        self.persist(Method::GET, path, |request| request).await
    }

    async fn post(
        &self,
        path: &str,
        body: Option<Value>,
        key: Option<&str>,
    ) -> Result<Answer, ClientError> {
        self.persist(Method::POST, path, |mut request| {
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            if let Some(body) = &body { request.json(body) } else { request }
        })
        .await
    }

    async fn persist(
        &self,
        method: Method,
        path: &str,
        complete: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, ClientError> {
        let url = format!("{}{path}", self.api);
        let request = || self.http.request(method.clone(), &url).bearer_auth(&self.user);
        persist(method.clone(), path, || complete(request())).await
    }
}

/// Asks until there is an answer to the request itself.
async fn persist(
    method: Method,
    path: &str,
    request: impl Fn() -> RequestBuilder,
) -> Result<Answer, ClientError> {
    let mut last = String::new();
    for attempt in 0..ATTEMPTS_MAX {
        if attempt > 0 {
            tokio::time::sleep(PAUSE.saturating_mul(1 << (attempt - 1)).min(PAUSE_MAX)).await;
        }
        match send(request()).await {
            Ok(answer) if answer.is_worth_a_retry() => last = format!("{}", answer.status),
            Ok(answer) => return Ok(answer),
            Err(error) => last = error.to_string(),
        }
    }
    Err(ClientError::NoAnswer { method, path: path.to_owned(), last })
}

/// A client for the loopback interface.
pub(crate) fn http_client(timeout: Duration) -> Result<Client, reqwest::Error> {
    // Plain HTTP only, but the client wants to know who would do its cryptography. That it was
    // installed before is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().tls_certs_only([]).no_proxy().timeout(timeout).build()
}

async fn send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|it| it.to_str().ok()?.parse().ok());
    let body = response.bytes().await?;
    Ok(Answer {
        status,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        retry_after: retry_after.map(Duration::from_secs),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    };

    use axum::{Router, http::HeaderMap, routing::post};

    use super::*;

    #[tokio::test]
    async fn a_failure_is_answered_with_the_same_key() {
        let calls = Arc::new(AtomicU32::new(0));
        let keys = Arc::new(Mutex::new(Vec::new()));
        let (counted, seen) = (calls.clone(), keys.clone());
        let handler = move |headers: HeaderMap| async move {
            seen.lock().unwrap().push(headers["idempotency-key"].to_str().unwrap().to_owned());
            let status = if counted.fetch_add(1, Ordering::SeqCst) < 2 { 503 } else { 201 };
            (StatusCode::from_u16(status).unwrap(), r#"{"orderId":"order-1"}"#)
        };
        let router = Router::new().route("/orders", post(handler));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let customer = Customer::new(&url, "user-123").unwrap();
        let answer = customer.place(&NewOrder::of_the_book(), "key-1").await.unwrap();
        assert_eq!((answer.status, answer.order_id()), (201, Some("order-1")));
        assert_eq!(*keys.lock().unwrap(), ["key-1"; 3]);
    }
}

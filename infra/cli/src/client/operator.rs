//! The API as an operator uses it: with requests signed by credentials of AWS.

use reqwest::{Client, Method, header};
use serde_json::{Value, json};

use super::{Answer, ClientError, TIMEOUT, http_client, persist};

/// A signature of the credentials `operator`. On one machine any is taken for valid.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 \
     Credential=operator/20260101/us-east-1/execute-api/aws4_request, \
     SignedHeaders=host;x-amz-date, Signature=0123456789abcdef";

/// An operator. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Operator {
    http: Client,
    api: String,
}

impl Operator {
    /// An operator of the API at `api_url`.
    ///
    /// # Errors
    ///
    /// When there can be no HTTP client on this machine.
    pub fn new(api_url: &str) -> Result<Self, ClientError> {
        let http = http_client(TIMEOUT).map_err(ClientError::Setup)?;
        Ok(Self { http, api: api_url.to_owned() })
    }

    /// The orders that wait for a person, oldest first.
    ///
    /// # Errors
    ///
    /// When the API does not answer.
    pub async fn reviews(&self) -> Result<Answer, ClientError> {
        self.ask(Method::GET, "/admin/orders?status=needs-review", None, None).await
    }

    /// Lets the services go on with what they gave up for an order. The same `key` is the same
    /// request.
    ///
    /// # Errors
    ///
    /// When the API does not answer.
    pub async fn resume(
        &self,
        order_id: &str,
        reason: &str,
        key: &str,
    ) -> Result<Answer, ClientError> {
        let path = format!("/admin/orders/{order_id}/resume");
        self.ask(Method::POST, &path, Some(json!({ "reason": reason })), Some(key)).await
    }

    /// Spreads the stock of a product over so many shards.
    ///
    /// # Errors
    ///
    /// When the API does not answer.
    pub async fn spread(
        &self,
        product_id: &str,
        shards: u8,
        key: &str,
    ) -> Result<Answer, ClientError> {
        let path = format!("/admin/stock/{product_id}/shards");
        self.ask(Method::PUT, &path, Some(json!({ "shards": shards })), Some(key)).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        key: Option<&str>,
    ) -> Result<Answer, ClientError> {
        let url = format!("{}{path}", self.api);
        persist(method.clone(), path, || {
            let mut request = self.http.request(method.clone(), &url);
            request = request.header(header::AUTHORIZATION, SIGNATURE);
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            if let Some(body) = &body { request.json(body) } else { request }
        })
        .await
    }
}

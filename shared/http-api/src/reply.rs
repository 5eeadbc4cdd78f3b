//! Successful responses.

use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{
    Problem,
    response::{NO_STORE, response, seconds},
};

/// An answer. It is for its caller alone, and to be kept by no cache, unless it is
/// [public](Self::public).
#[derive(Debug, Clone)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Option<String>,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: None }
    }

    /// An answer of JSON, its members in the order of their names: the same answer is the same
    /// text, whatever order a table gave them in.
    ///
    /// # Errors
    ///
    /// When `value` has no JSON form: a 500, to be returned.
    pub fn json<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Result<Self, Problem> {
        let body = serde_json::to_value(value).map_err(|_| Problem::internal())?;
        let body = event_envelope::canonical(&body);
        let json = HeaderValue::from_static("application/json");
        Ok(Self { body: Some(body), ..Self::empty(status) }.header(header::CONTENT_TYPE, json))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same for every caller: a cache may keep it for `max_age`, in whole seconds.
    #[must_use]
    pub fn public(self, max_age: Duration) -> Self {
        let text = format!("public, max-age={}", max_age.as_secs());
        // Digits are valid in every header; if they were not, no cache would keep the answer.
        let value = HeaderValue::from_str(&text).unwrap_or(NO_STORE);
        self.header(header::CACHE_CONTROL, value)
    }

    /// The path of the resource that the request created.
    ///
    /// # Errors
    ///
    /// When `path` is not valid in a header, as with a line break: a 500, to be returned.
    pub fn location(self, path: &str) -> Result<Self, Problem> {
        let path = HeaderValue::from_str(path).map_err(|_| Problem::internal())?;
        Ok(self.header(header::LOCATION, path))
    }

    /// The version of the resource.
    ///
    /// # Errors
    ///
    /// When `version` is not valid in a header, as with a line break: a 500, to be returned.
    pub fn etag(self, version: &str) -> Result<Self, Problem> {
        let tag = HeaderValue::from_str(&format!("\"{version}\""));
        Ok(self.header(header::ETAG, tag.map_err(|_| Problem::internal())?))
    }

    /// When to retry: whole seconds, at least one.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        self.header(header::RETRY_AFTER, seconds(after))
    }
}

impl From<Reply> for ApiGatewayV2httpResponse {
    fn from(Reply { status, headers, body }: Reply) -> Self {
        response(status, headers, body)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(reply: Reply) -> serde_json::Value {
        serde_json::to_value(ApiGatewayV2httpResponse::from(reply)).unwrap()
    }

    #[test]
    fn a_reply_is_what_api_gateway_takes() {
        let reply = Reply::json(StatusCode::CREATED, &json!({"orderId": "order-1"})).unwrap();
        let sent = sent(reply.location("/orders/order-1").unwrap().etag("7").unwrap());
        assert_eq!(sent["statusCode"], 201);
        assert_eq!(sent["body"], r#"{"orderId":"order-1"}"#);
        assert_eq!(sent["isBase64Encoded"], false);
        assert_eq!(
            sent["headers"],
            json!({
                "cache-control": "no-store",
                "content-type": "application/json",
                "location": "/orders/order-1",
                "etag": "\"7\"",
            })
        );
    }

    #[test]
    fn a_reply_may_have_no_body() {
        let sent = sent(Reply::empty(StatusCode::ACCEPTED).retry_after(Duration::from_secs(3)));
        assert_eq!(sent["headers"], json!({"cache-control": "no-store", "retry-after": "3"}));
        assert!(sent.get("body").is_none());
    }

    #[test]
    fn an_answer_is_its_callers_alone_unless_it_is_public() {
        let cached = |response: ApiGatewayV2httpResponse| {
            response.headers[header::CACHE_CONTROL].to_str().unwrap().to_owned()
        };
        let reply = Reply::json(StatusCode::OK, &json!({})).unwrap();
        assert_eq!(cached(reply.clone().into()), "no-store");
        let public = reply.clone().public(Duration::from_millis(90_500));
        assert_eq!(cached(public.into()), "public, max-age=90");
        let private = HeaderValue::from_static("private");
        assert_eq!(cached(reply.header(header::CACHE_CONTROL, private).into()), "private");
        for problem in [Problem::internal(), Problem::not_found("none"), Problem::forbidden("no")] {
            assert_eq!(cached(problem.into()), "no-store");
        }
    }

    #[test]
    fn a_header_holds_one_line() {
        let reply = Reply::empty(StatusCode::CREATED);
        let injected = reply.clone().location("/orders/x\r\nset-cookie: a=b").unwrap_err();
        assert_eq!(injected.status(), StatusCode::INTERNAL_SERVER_ERROR);
        reply.etag("a\nb").unwrap_err();
    }
}

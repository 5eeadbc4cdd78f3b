//! Requests as API Gateway sends them, and answers as it takes them.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use serde_json::{Value, json};

pub(crate) const USER: &str = "user-123";
pub(crate) const OTHER_USER: &str = "user-456";

/// A request of a user who may write orders.
#[derive(Debug, Clone)]
pub(crate) struct Request(Value);

/// The book's order, with the prices that the customer was shown.
pub(crate) fn books_order() -> Value {
    json!({
        "items": [
            { "productId": "prod-001", "quantity": 2, "price": 29.99 },
            { "productId": "prod-002", "quantity": 1, "price": 49.99 },
        ],
        "total": 109.97,
    })
}

/// An order of one line.
pub(crate) fn line(product: &str, quantity: impl Into<Value>) -> Value {
    json!({ "items": [{ "productId": product, "quantity": quantity.into() }] })
}

/// Wants to place `order`.
pub(crate) fn place(order: &Value) -> Request {
    place_text(&order.to_string())
}

/// Wants to place whatever this is.
pub(crate) fn place_text(body: &str) -> Request {
    Request::new("POST /orders").with("body", body).header("content-type", "application/json")
}

/// Wants to cancel an order.
pub(crate) fn cancel(order: &str) -> Request {
    Request::new("POST /orders/{id}/cancel").with("pathParameters", json!({ "id": order }))
}

impl Request {
    fn new(route: &str) -> Self {
        let (method, path) = route.split_once(' ').unwrap();
        let request = Self(json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": "",
            "headers": {},
            "requestContext": { "http": { "method": method, "path": path } },
            "isBase64Encoded": false,
        }));
        request.header("idempotency-key", "key-1").of(USER)
    }

    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0[field] = value.into();
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = value.into();
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.0["headers"].as_object_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn of(self, user: &str) -> Self {
        self.claims(json!({ "sub": user, "scope": "openid orders:write" }))
    }

    pub(crate) fn claims(mut self, claims: Value) -> Self {
        self.0["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims } });
        self
    }

    pub(crate) fn anonymous(mut self) -> Self {
        self.0["requestContext"].as_object_mut().unwrap().remove("authorizer");
        self
    }

    pub(crate) fn event(&self) -> ApiGatewayV2httpRequest {
        serde_json::from_value(self.0.clone()).unwrap()
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u64,
    pub(crate) headers: Value,
    pub(crate) text: String,
}

impl From<ApiGatewayV2httpResponse> for Answer {
    fn from(response: ApiGatewayV2httpResponse) -> Self {
        let sent = serde_json::to_value(&response).unwrap();
        Self {
            status: sent["statusCode"].as_u64().unwrap(),
            headers: sent["headers"].clone(),
            text: sent["body"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn order_id(&self) -> String {
        self.json()["orderId"].as_str().unwrap().to_owned()
    }

    /// Expects a problem, and gives the field that it names; `None` if it names none.
    #[track_caller]
    pub(crate) fn problem(&self, status: u64) -> Option<String> {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let document = self.json();
        assert_eq!(document["status"], status);
        match document["errors"].as_array().map(Vec::as_slice) {
            None => None,
            Some([error]) => error["field"].as_str().map(str::to_owned),
            Some(more) => panic!("{more:?}"),
        }
    }

    /// Expects a problem with `field`.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u64, field: &str) {
        assert_eq!(self.problem(status).as_deref(), Some(field), "{}", self.text);
    }
}

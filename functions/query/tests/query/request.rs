//! Requests as API Gateway sends them, and answers as it takes them.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use serde_json::{Value, json};

pub(crate) const USER: &str = "user-123";
pub(crate) const OTHER_USER: &str = "user-456";

/// A request of a user who may read orders.
#[derive(Debug, Clone)]
pub(crate) struct Request(Value);

pub(crate) fn detail(order: &str) -> Request {
    Request::new("GET /orders/{id}").order(order)
}

pub(crate) fn history(order: &str) -> Request {
    Request::new("GET /orders/{id}/events").order(order)
}

pub(crate) fn list() -> Request {
    Request::new("GET /orders")
}

/// Nobody in particular wants to see the catalogue.
pub(crate) fn products() -> Request {
    Request::new("GET /products").anonymous()
}

impl Request {
    pub(crate) fn new(route: &str) -> Self {
        let request = Self(json!({
            "version": "2.0",
            "routeKey": route,
            "headers": {},
            "requestContext": { "http": { "method": "GET" } },
            "isBase64Encoded": false,
        }));
        request.of(USER)
    }

    fn order(mut self, order: &str) -> Self {
        self.0["pathParameters"] = json!({ "id": order });
        self
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.0["queryStringParameters"][name] = value.into();
        self
    }

    pub(crate) fn of(self, user: &str) -> Self {
        self.claims(json!({ "sub": user, "scope": "openid orders:read" }))
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
    pub(crate) body: Value,
}

impl From<ApiGatewayV2httpResponse> for Answer {
    fn from(response: ApiGatewayV2httpResponse) -> Self {
        let sent = serde_json::to_value(&response).unwrap();
        Self {
            status: sent["statusCode"].as_u64().unwrap(),
            headers: sent["headers"].clone(),
            body: serde_json::from_str(sent["body"].as_str().unwrap()).unwrap(),
        }
    }
}

impl Answer {
    /// Expects success, and gives the body.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/json");
        self.body
    }

    /// Expects a problem, and gives the field that it names; `None` if it names none.
    #[track_caller]
    pub(crate) fn problem(&self, status: u64) -> Option<&str> {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], status);
        self.body["errors"][0]["field"].as_str()
    }
}

//! Requests as API Gateway sends them, and answers as it takes them.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use serde_json::{Value, json};

/// A request of payload format 2.0, with what the authorizer knows of its user.
#[derive(Debug, Clone)]
pub struct Request {
    event: Value,
    scope: &'static str,
}

impl Request {
    /// A request for a route key such as `GET /orders/{id}`, or `$default`, which takes what no
    /// other route takes. Its users have `scope`; it comes from no
    /// customer until [`of`](Self::of) names one.
    pub fn new(route: &str, scope: &'static str) -> Self {
        let (method, path) = route.split_once(' ').unwrap_or(("GET", "/"));
        let event = json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": "",
            "headers": {},
            "requestContext": { "http": { "method": method, "path": path } },
            "isBase64Encoded": false,
        });
        Self { event, scope }
    }

    /// The same request with another member, e.g. `body`.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.event[member] = value.into();
        self
    }

    /// The same request about the thing with this `id` in its path.
    #[must_use]
    pub fn about(self, id: &str) -> Self {
        self.with("pathParameters", json!({ "id": id }))
    }

    /// The same request with another parameter in its query string.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.event["queryStringParameters"][name] = value.into();
        self
    }

    /// The same request with another header; `name` is in small letters, as API Gateway has it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.event["headers"][name] = value.into();
        self
    }

    /// The same request without a header.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.event["headers"].as_object_mut().unwrap().remove(name);
        self
    }

    /// The same request from a user who may make it.
    #[must_use]
    pub fn of(self, user: &str) -> Self {
        let scope = self.scope;
        self.claims(json!({ "sub": user, "scope": scope }))
    }

    /// The same request of an operator, signed with the credentials of a role's session.
    #[must_use]
    pub fn of_operator(mut self) -> Self {
        let session = "AROAOPERATOR:desk-1";
        self.event["requestContext"]["authorizer"] = json!({ "iam": {
            "accessKey": "ASIAEXAMPLE",
            "accountId": "000000000000",
            "callerId": session,
            "userArn": "arn:aws:sts::000000000000:assumed-role/Operator/desk-1",
            "userId": session,
        } });
        self
    }

    /// The same request with just these claims in its token.
    #[must_use]
    pub fn claims(mut self, claims: Value) -> Self {
        self.event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims } });
        self
    }

    /// The same request without a token.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.event["requestContext"].as_object_mut().unwrap().remove("authorizer");
        self
    }

    /// What Lambda hands to the function.
    pub fn event(&self) -> ApiGatewayV2httpRequest {
        serde_json::from_value(self.event.clone()).unwrap()
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u64,
    /// The headers by name.
    pub headers: Value,
    /// The body as it is; empty if there is none.
    pub text: String,
    /// The body read as JSON; null if there is none.
    pub body: Value,
}

impl From<ApiGatewayV2httpResponse> for Answer {
    fn from(response: ApiGatewayV2httpResponse) -> Self {
        let sent = serde_json::to_value(&response).unwrap();
        let text = sent["body"].as_str().unwrap_or_default().to_owned();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        let status = sent["statusCode"].as_u64().unwrap();
        Self { status, headers: sent["headers"].clone(), text, body }
    }
}

impl Answer {
    /// Expects success, and gives the body.
    ///
    /// # Panics
    ///
    /// When it is anything but a 200 with JSON.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/json");
        self.body
    }

    /// Expects a problem (RFC 9457), and gives the field that it names; `None` if it names none.
    ///
    /// # Panics
    ///
    /// When it is anything else, or names several fields.
    #[track_caller]
    pub fn problem(&self, status: u64) -> Option<&str> {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], status);
        match self.body["errors"].as_array().map(Vec::as_slice) {
            None => None,
            Some([error]) => error["field"].as_str(),
            Some(more) => panic!("{more:?}"),
        }
    }

    /// Expects a problem with `field`.
    ///
    /// # Panics
    ///
    /// When it is anything else.
    #[track_caller]
    pub fn refuses(&self, status: u64, field: &str) {
        assert_eq!(self.problem(status), Some(field), "{}", self.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: i64, content_type: &str, body: &Value) -> Answer {
        let response = json!({
            "statusCode": status, "headers": { "content-type": content_type }, "body": body.to_string(),
            "multiValueHeaders": {}, "isBase64Encoded": false, "cookies": [],
        });
        serde_json::from_value::<ApiGatewayV2httpResponse>(response).unwrap().into()
    }

    #[test]
    fn a_request_is_read_as_lambda_reads_it() {
        let request = Request::new("GET /orders/{id}", "orders:read").about("order-1").of("user-1");
        let event = request.clone().query("limit", "2").header("if-match", "3").event();
        assert_eq!(event.route_key.as_deref(), Some("GET /orders/{id}"));
        assert_eq!(event.path_parameters["id"], "order-1");
        assert_eq!(event.query_string_parameters.first("limit"), Some("2"));
        assert_eq!(event.headers["if-match"], "3");
        let claims = event.request_context.authorizer.unwrap().jwt.unwrap().claims;
        assert_eq!((&*claims["sub"], &*claims["scope"]), ("user-1", "orders:read"));
        assert!(request.anonymous().event().request_context.authorizer.is_none());
    }

    #[test]
    fn a_problem_names_one_field_or_none() {
        let kind = "application/problem+json";
        let field = json!({ "status": 400, "errors": [{ "field": "limit" }] });
        assert_eq!(answer(400, kind, &field).problem(400), Some("limit"));
        assert_eq!(answer(404, kind, &json!({ "status": 404 })).problem(404), None);
    }

    #[test]
    #[should_panic(expected = "application/problem+json")]
    fn an_answer_of_another_kind_is_no_problem() {
        answer(400, "application/json", &json!({ "status": 400 })).problem(400);
    }
}

use http::StatusCode;
use serde_json::{Value, json};

use super::*;

/// A request of `ann`, who may read, with `more` on top.
fn event(more: &Value) -> ApiGatewayV2httpRequest {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "GET /orders/{id}",
        "rawPath": "/orders/order-1",
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "http": {"method": "GET", "path": "/orders/order-1"},
            "authorizer": {"jwt": {"claims": {"sub": "ann", "scope": "orders:read openid"}}},
        },
        "pathParameters": {"id": "order-1"},
        "isBase64Encoded": false,
    });
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    serde_json::from_value(event).unwrap()
}

fn headers(headers: &Value) -> ApiGatewayV2httpRequest {
    event(&json!({ "headers": headers }))
}

fn query(parameters: &Value) -> ApiGatewayV2httpRequest {
    event(&json!({ "queryStringParameters": parameters }))
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Problem>, field: &str) {
    let problem = result.unwrap_err();
    assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
    let [error] = problem.errors() else { panic!("{problem}") };
    assert_eq!(error.field, field);
}

#[test]
fn a_request_has_its_parts() {
    let event = event(&json!({
        "headers": {"X-Thing": "a"},
        "queryStringParameters": {"limit": "5,6", "q": "é"},
    }));
    let request = Request::new(&event);
    assert_eq!(request.route_key(), "GET /orders/{id}");
    assert_eq!(request.path_parameter("id"), Some("order-1"));
    assert_eq!(request.path_parameter("other"), None);
    assert_eq!(request.header("x-thing"), Some("a"));
    assert_eq!(request.header("X-THING"), Some("a"));
    assert_eq!(request.query("limit"), Some("5"), "the first of two");
    assert_eq!(request.query("q"), Some("é"));
    assert_eq!(request.path_id("id").unwrap().as_str(), "order-1");
}

#[test]
fn a_path_parameter_that_is_no_identifier_is_named() {
    for id in ["", "../admin", "é", &"x".repeat(65)] {
        refused(Request::new(&event(&json!({"pathParameters": {"id": id}}))).path_id("id"), "id");
    }
}

/// The status and challenge with which a caller with `authorizer` may not read.
fn denied(authorizer: &Value) -> (u16, String) {
    let context = json!({"http": {"method": "GET"}, "authorizer": authorizer});
    let event = event(&json!({ "requestContext": context }));
    let problem =
        Request::new(&event).caller(&TokenScope::parse("orders:read").unwrap()).unwrap_err();
    let status = problem.status().as_u16();
    let response = aws_lambda_events::apigw::ApiGatewayV2httpResponse::from(problem);
    let challenge = response.headers[http::header::WWW_AUTHENTICATE].to_str().unwrap().to_owned();
    (status, challenge)
}

#[test]
fn the_caller_is_the_subject_of_the_claims() {
    let caller = |claims: Value| {
        let context = json!({"http": {"method": "GET"}, "authorizer": {"jwt": {"claims": claims}}});
        let event = event(&json!({ "requestContext": context }));
        Request::new(&event)
            .caller(&TokenScope::parse("orders:read").unwrap())
            .map(|user| user.to_string())
    };
    assert_eq!(caller(json!({"sub": "ann", "scope": "openid orders:read"})).unwrap(), "ann");
    assert_eq!(caller(json!({"sub": "ann", "scp": "[openid orders:read]"})).unwrap(), "ann");
}

#[test]
fn a_caller_without_claims_is_refused() {
    for authorizer in [
        Value::Null,
        json!({"lambda": {"sub": "ann"}}),
        json!({"jwt": {"claims": {"scope": "orders:read"}}}),
        json!({"jwt": {"claims": {"sub": "", "scope": "orders:read"}}}),
        json!({"jwt": {"claims": {"sub": " \t", "scope": "orders:read"}}}),
    ] {
        assert_eq!(denied(&authorizer), (401, "Bearer".to_owned()), "{authorizer}");
    }
}

#[test]
fn a_token_without_the_scope_is_not_enough() {
    let challenge = r#"Bearer error="insufficient_scope", scope="orders:read""#.to_owned();
    for claims in [
        json!({"sub": "ann"}),
        json!({"sub": "ann", "scope": ""}),
        json!({"sub": "ann", "scope": "orders:readers orders:write"}),
    ] {
        // What a route asks for is no proof of what the token grants.
        let authorizer = json!({"jwt": {"claims": claims, "scopes": ["orders:read"]}});
        assert_eq!(denied(&authorizer), (403, challenge.clone()), "{authorizer}");
    }
}

#[test]
fn an_idempotency_key_is_one_visible_word() {
    for key in ["a", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &"k".repeat(255)] {
        let event = headers(&json!({"idempotency-key": key}));
        assert_eq!(Request::new(&event).idempotency_key().unwrap(), key);
    }
    refused(Request::new(&event(&json!({}))).idempotency_key(), "Idempotency-Key");
    for key in ["", "a b", "é", "a\tb", "4242-4242-4242-4242", &"k".repeat(256)] {
        let event = headers(&json!({"Idempotency-Key": key}));
        refused(Request::new(&event).idempotency_key(), "Idempotency-Key");
    }
}

#[test]
fn a_page_has_a_limit() {
    assert_eq!(Request::new(&event(&json!({}))).limit().unwrap(), 20);
    for (text, limit) in [("1", 1), ("100", 100)] {
        assert_eq!(Request::new(&query(&json!({"limit": text}))).limit().unwrap(), limit);
    }
    for text in ["0", "101", "-1", "+5", "5.0", "1e1", "ten", "", "٣", "99999999999"] {
        refused(Request::new(&query(&json!({"limit": text}))).limit(), "limit");
    }
}

#[test]
fn a_cursor_is_the_callers_own() {
    let [ann, bob] = ["ann", "bob"].map(|name| AggregateId::parse(name).unwrap());
    let first = event(&json!({}));
    assert_eq!(Request::new(&first).cursor::<String>(&ann).unwrap(), None);
    let next = query(&json!({"cursor": crate::cursor(&ann, &"order-1").unwrap()}));
    let position = Request::new(&next).cursor::<String>(&ann).unwrap();
    assert_eq!(position.as_deref(), Some("order-1"));
    refused(Request::new(&next).cursor::<String>(&bob), "cursor");
    for forged in ["", "x", "e30", "e30=", "!"] {
        let event = query(&json!({"cursor": forged}));
        refused(Request::new(&event).cursor::<String>(&ann), "cursor");
    }
}

#[test]
fn a_trace_is_the_clients_or_else_the_gateways() {
    let client = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let gateway = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let derived = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
    let trace = |value: Value| Request::new(&headers(&value)).traceparent();
    assert_eq!(
        trace(json!({"traceparent": client, "X-Amzn-Trace-Id": gateway})).as_deref(),
        Some(client)
    );
    assert_eq!(
        trace(json!({"traceparent": "00-junk", "X-Amzn-Trace-Id": gateway})).as_deref(),
        Some(derived)
    );
    // A later version has the same first four fields.
    let later = format!("{}-and.more", client.replacen("00", "0b", 1));
    assert_eq!(trace(json!({"traceparent": later})).as_deref(), Some(client));
    for none in ["ff-", "0B-"].map(|version| client.replacen("00-", version, 1)) {
        assert_eq!(trace(json!({"traceparent": none})), None);
    }
    assert_eq!(trace(json!({})), None);
}

#[test]
fn unread_parts_of_a_request_are_optional() {
    let context = |name: &str, value: Value| {
        let mut context = json!({
            "http": {"method": "GET", "path": "/orders/order-1"},
            "authorizer": {"jwt": {"claims": {"sub": "ann", "scope": "orders:read"}}},
        });
        context[name] = value;
        json!({ "requestContext": context })
    };
    let certificate = json!({ "clientCert": {
        "clientCertPem": "PEM", "subjectDN": "CN=shop", "issuerDN": "CN=authority",
        "serialNumber": "1", "validity": { "notBefore": "May 28", "notAfter": "Aug 5" },
    }});
    let none = json!({ "cookies": null, "queryStringParameters": null, "stageVariables": null });
    let scope = TokenScope::parse("orders:read").unwrap();
    let agent = json!({ "headers": { "user-agent": "shop/\u{1f4e6}" } });
    for more in [none, agent, context("authentication", certificate), context("later", json!([1]))]
    {
        let event = event(&more);
        let caller = Request::new(&event).caller(&scope).unwrap();
        assert_eq!(caller.as_str(), "ann");
    }
}

#[test]
fn a_parameter_may_be_repeated_or_have_several_values() {
    let values = |text: &str| {
        let event = query(&json!({ "after": text }));
        let values = Request::new(&event).query_all("after").map(str::to_owned);
        values.collect::<Vec<_>>()
    };
    assert_eq!(values("a:1"), ["a:1"]);
    assert_eq!(values("a:1,b:2,a:1"), ["a:1", "b:2", "a:1"]);
    assert_eq!(Request::new(&query(&json!({}))).query_all("after").count(), 0);
}

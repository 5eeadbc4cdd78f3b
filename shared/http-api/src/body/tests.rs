use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::Request;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Order {
    user_id: String,
    items: Vec<Item>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    quantity: u32,
}

fn event(content_type: Option<&str>, body: Option<&str>, base64: bool) -> ApiGatewayV2httpRequest {
    serde_json::from_value(json!({
        "headers": content_type.map_or(json!({}), |it| json!({"content-type": it})),
        "requestContext": {"http": {"method": "POST"}},
        "body": body,
        "isBase64Encoded": base64,
    }))
    .unwrap()
}

fn read(body: &str) -> Result<Order, Problem> {
    Request::new(&event(Some("application/json"), Some(body), false)).json_body()
}

/// The status, the field and the detail of the refusal.
#[track_caller]
fn refused(result: Result<Order, Problem>) -> (u16, String, String) {
    let problem = result.unwrap_err();
    let status = problem.status().as_u16();
    match problem.errors() {
        [] => (status, String::new(), problem.to_string()),
        [error] => (status, error.field.clone(), error.detail.clone()),
        more => panic!("{more:?}"),
    }
}

const ORDER: &str = r#"{"userId":"ann","items":[{"quantity":2}]}"#;

#[test]
fn an_order_is_read_as_text_or_from_base64() {
    let order = Order { user_id: "ann".into(), items: vec![Item { quantity: 2 }] };
    let encoded = event(Some("application/json"), Some(&STANDARD.encode(ORDER)), true);
    assert_eq!(read(ORDER).unwrap(), order);
    assert_eq!(Request::new(&encoded).json_body::<Order>().unwrap(), order);
}

#[test]
fn a_body_must_be_declared_as_json() {
    for good in ["application/json", "Application/JSON; charset=utf-8"] {
        Request::new(&event(Some(good), Some(ORDER), false)).json_body::<Order>().unwrap();
    }
    for bad in [None, Some("text/plain"), Some("application/jsonp"), Some("application/xml")] {
        let event = event(bad, Some(ORDER), false);
        let problem = Request::new(&event).json_body::<Order>().unwrap_err();
        assert_eq!(problem.status(), 415);
    }
}

#[test]
fn an_empty_or_garbled_body_is_refused() {
    let read = |body, base64| {
        refused(Request::new(&event(Some("application/json"), body, base64)).json_body())
    };
    assert_eq!(read(None, false).0, 400);
    assert_eq!(read(Some(""), false).0, 400);
    let (status, _, detail) = read(Some("?"), true);
    assert!(status == 400 && detail.contains("base64"), "{detail}");
    // Not UTF-8.
    assert_eq!(read(Some("/w=="), true).0, 400);
}

#[test]
fn a_body_has_a_size_limit() {
    let of_size = |size: usize| format!("{ORDER}{}", " ".repeat(size - ORDER.len()));
    let fits = of_size(BODY_BYTES_MAX);
    let large = of_size(BODY_BYTES_MAX + 1);
    read(&fits).unwrap();
    assert_eq!(refused(read(&large)).0, 413);
    for (body, status) in [(&fits, 200), (&large, 413), (&of_size(BODY_BYTES_MAX * 2), 413)] {
        let event = event(Some("application/json"), Some(&STANDARD.encode(body)), true);
        let read = Request::new(&event).json_body::<Order>();
        assert_eq!(read.map_or_else(|problem| problem.status().as_u16(), |_| 200), status);
    }
}

#[test]
fn what_could_be_misread_is_refused() {
    for (body, reason) in [
        (r#"{"userId":"ann","userId":"bob","items":[]}"#, "there twice"),
        (&"[".repeat(33), "32 levels"),
        (&format!("[{}]", vec!["1"; 10_001].join(",")), "10000 elements"),
        (r#"{"userId":1e999}"#, "out of range"),
        (r#"{"userId":NaN}"#, "expected value"),
        ("{} {}", "trailing"),
        ("{", "EOF"),
    ] {
        let (status, field, detail) = refused(read(body));
        assert_eq!((status, field.as_str()), (400, ""));
        assert!(detail.contains(reason), "{detail}");
    }
}

#[test]
fn a_field_that_does_not_fit_is_named() {
    for (body, field) in [
        (r#"{"userId":"ann"}"#, "/items"),
        (r#"{"items":[]}"#, "/userId"),
        (r#"{"userId":1,"items":[]}"#, "/userId"),
        (r#"{"userId":"ann","items":{}}"#, "/items"),
        (r#"{"userId":"ann","items":[{"quantity":1},{}]}"#, "/items/1/quantity"),
        (r#"{"userId":"ann","items":[{"quantity":"1"}]}"#, "/items/0/quantity"),
        (r#"{"userId":"ann","items":[{"quantity":-1}]}"#, "/items/0/quantity"),
        (r#"{"userId":"ann","items":[{"quantity":1.5}]}"#, "/items/0/quantity"),
        (r#"{"userId":"ann","items":[{"quantity":null}]}"#, "/items/0/quantity"),
        (r#"{"userId":"ann","items":[{"quantity":9223372036854775807}]}"#, "/items/0/quantity"),
        (r#"{"userId":"ann","items":[{"quantity":1,"a/b~":1}]}"#, "/items/0/a~1b~0"),
        (r#"{"userId":"ann","items":[],"total":1}"#, "/total"),
        ("[]", ""),
    ] {
        let (status, named, detail) = refused(read(body));
        assert_eq!((status, named.as_str()), (422, field), "{body}: {detail}");
    }
}

#[test]
fn a_refusal_does_not_send_the_body_back() {
    let body = format!(r#"{{"userId":"ann","items":"{}"}}"#, "x".repeat(10_000));
    assert!(refused(read(&body)).2.chars().count() < 300);
}

#[test]
fn a_request_that_may_do_without_a_body_is_read_as_strictly() {
    let read = |body: Option<&str>, kind: Option<&str>| {
        Request::new(&event(kind, body, false)).optional_json_body::<Order>()
    };
    let json = Some("application/json");
    for none in [None, Some("")] {
        assert_eq!(read(none, None).unwrap(), None);
        assert_eq!(read(none, json).unwrap(), None);
    }
    assert!(read(Some(ORDER), json).unwrap().is_some());
    assert_eq!(read(Some(ORDER), None).unwrap_err().status().as_u16(), 415);
    assert_eq!(read(Some("null"), json).unwrap_err().status().as_u16(), 422);
    assert_eq!(read(Some("{}"), json).unwrap_err().status().as_u16(), 422);
}

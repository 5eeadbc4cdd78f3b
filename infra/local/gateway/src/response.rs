//! What a function answered, as HTTP.
//!
//! With a `statusCode` it is a response in format 2.0; any other JSON is a `200` whose body it
//! is. Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value};

/// Why a function's answer is no HTTP response; the client gets a 500.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("not JSON")]
    NotJson,
    #[error("member {0:?} has the wrong type or value")]
    Member(&'static str),
}

/// Headers that describe the connection, which is the gateway's and not the function's.
const CONNECTION: [HeaderName; 3] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// An error of the gateway's own.
pub(crate) fn refusal(status: StatusCode) -> Response {
    let reason = match status {
        // The reason phrase of newer RFCs is "Content Too Large"; API Gateway has the old one.
        StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
        other => other.canonical_reason().unwrap_or_default(),
    };
    let body = format!(r#"{{"message":"{reason}"}}"#);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The response that a function's `payload` stands for.
pub(crate) fn decode(payload: Bytes) -> Result<Response, Malformed> {
    let answer: Value = serde_json::from_slice(&payload).map_err(|_| Malformed::NotJson)?;
    match answer.as_object().filter(|members| members.contains_key("statusCode")) {
        Some(members) => formatted(members),
        None => Ok(([(header::CONTENT_TYPE, "application/json")], payload).into_response()),
    }
}

fn formatted(members: &Map<String, Value>) -> Result<Response, Malformed> {
    let mut response = Response::new(body(members)?);
    *response.status_mut() = status(&members["statusCode"])?;
    let headers = response.headers_mut();
    copy_headers(members, headers)?;
    if !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    for cookie in array(members, "cookies")? {
        let value = cookie.as_str().and_then(|it| it.parse().ok());
        headers.append(header::SET_COOKIE, value.ok_or(Malformed::Member("cookies"))?);
    }
    Ok(response)
}

fn status(value: &Value) -> Result<StatusCode, Malformed> {
    let code = match value.as_str() {
        Some(digits) => digits.parse().ok(),
        None => value.as_u64().and_then(|code| u16::try_from(code).ok()),
    };
    code.filter(|code| (200..=599).contains(code))
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or(Malformed::Member("statusCode"))
}

fn body(members: &Map<String, Value>) -> Result<Body, Malformed> {
    let malformed = Malformed::Member("body");
    let text = match members.get("body") {
        None | Some(Value::Null) => return Ok(Body::empty()),
        Some(Value::String(text)) => text,
        Some(_) => return Err(malformed),
    };
    match members.get("isBase64Encoded") {
        Some(Value::Bool(true)) => STANDARD.decode(text).map(Body::from).map_err(|_| malformed),
        None | Some(Value::Null | Value::Bool(false)) => Ok(Body::from(text.clone())),
        Some(_) => Err(Malformed::Member("isBase64Encoded")),
    }
}

fn copy_headers(members: &Map<String, Value>, headers: &mut HeaderMap) -> Result<(), Malformed> {
    let malformed = || Malformed::Member("headers");
    let sent = match members.get("headers") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(sent)) => sent,
        Some(_) => return Err(malformed()),
    };
    for (name, value) in sent {
        let name: HeaderName = name.parse().map_err(|_| malformed())?;
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return Err(malformed()),
        };
        if !CONNECTION.contains(&name) {
            headers.insert(name, value.parse().map_err(|_| malformed())?);
        }
    }
    Ok(())
}

fn array<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
) -> Result<&'a [Value], Malformed> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(values)) => Ok(values),
        Some(_) => Err(Malformed::Member(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decoded(payload: &Value) -> Result<Response, Malformed> {
        decode(Bytes::from(payload.to_string()))
    }

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_formatted_response_becomes_http() {
        let response = decoded(&json!({
            "statusCode": 201,
            "headers": {"Location": "/orders/1", "x-count": 2, "content-length": "99"},
            "multiValueHeaders": {},
            "cookies": ["a=1", "b=2; HttpOnly"],
            "body": "aGk=",
            "isBase64Encoded": true,
        }))
        .unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()["location"], "/orders/1");
        assert_eq!(response.headers()["x-count"], "2");
        assert!(!response.headers().contains_key("content-length"));
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
        let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2; HttpOnly"]);
        assert_eq!(text(response).await, "hi");
    }

    #[tokio::test]
    async fn any_other_json_is_the_body_of_a_200() {
        for payload in [json!({"message": "hi"}), json!("hi"), json!([1]), json!(null)] {
            let response = decoded(&payload).unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(text(response).await, payload.to_string());
        }
    }

    #[test]
    fn a_malformed_response_is_refused_by_its_member() {
        assert_eq!(decode(Bytes::from_static(b"hi")).unwrap_err(), Malformed::NotJson);
        for (member, payload) in [
            ("statusCode", json!({"statusCode": "ok"})),
            ("statusCode", json!({"statusCode": 99})),
            ("body", json!({"statusCode": 200, "body": {}})),
            ("body", json!({"statusCode": 200, "body": "%", "isBase64Encoded": true})),
            ("isBase64Encoded", json!({"statusCode": 200, "body": "", "isBase64Encoded": 1})),
            ("headers", json!({"statusCode": 200, "headers": {"a": []}})),
            ("headers", json!({"statusCode": 200, "headers": {"a": "x\ny"}})),
            ("cookies", json!({"statusCode": 200, "cookies": "a=1"})),
        ] {
            assert_eq!(decoded(&payload).unwrap_err(), Malformed::Member(member), "{payload}");
        }
    }
}

//! The request as a function sees it: payload format 2.0.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method, Uri, Version, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Serialize;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use crate::authorizer::Authorizer;

/// The common log format, as in `12/Mar/2020:19:03:58 +0000`.
pub(crate) const LOG_TIME: &[BorrowedFormatItem<'_>] = format_description!(
    "[day]/[month repr:short]/[year]:[hour]:[minute]:[second] \
     [offset_hour sign:mandatory][offset_minute]"
);
/// The name of this API in `apiId`.
const API_ID: &str = "local";
const STAGE: &str = "$default";

/// What is known of a request once its route is found and its body is read.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    /// The path, decoded: HTTP APIs hand it on so, unlike REST APIs.
    pub(crate) path: &'a str,
    pub(crate) version: Version,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) route_key: &'a str,
    pub(crate) path_parameters: BTreeMap<String, String>,
    pub(crate) authorizer: Option<Authorizer>,
    pub(crate) request_id: &'a str,
    pub(crate) source_ip: String,
    pub(crate) at: OffsetDateTime,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'static str,
    api_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: &'a Option<Authorizer>,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'static str,
    time: String,
    time_epoch: i128,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: String,
    source_ip: &'a str,
    user_agent: &'a str,
}

/// The event, as JSON.
pub(crate) fn encode(request: &Request<'_>) -> Result<Bytes, serde_json::Error> {
    let query = request.uri.query().unwrap_or_default();
    let (body, is_base64_encoded) = encode_body(request.headers, request.body);
    let event = Event {
        version: "2.0",
        route_key: request.route_key,
        raw_path: request.path,
        raw_query_string: query,
        cookies: cookies(request.headers),
        headers: joined_headers(request),
        query_string_parameters: joined(form_urlencoded::parse(query.as_bytes())),
        request_context: context(request),
        path_parameters: &request.path_parameters,
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&event).map(Bytes::from)
}

fn context<'a>(request: &'a Request<'_>) -> Context<'a> {
    let host = text(request.headers, &header::HOST);
    let domain_name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    Context {
        account_id: local_core::ACCOUNT,
        api_id: API_ID,
        authorizer: &request.authorizer,
        domain_name,
        domain_prefix: domain_name.split('.').next().unwrap_or_default(),
        http: Http {
            method: request.method.as_str(),
            path: request.path,
            protocol: format!("{:?}", request.version),
            source_ip: &request.source_ip,
            user_agent: text(request.headers, &header::USER_AGENT),
        },
        request_id: request.request_id,
        route_key: request.route_key,
        stage: STAGE,
        time: request.at.format(LOG_TIME).unwrap_or_default(),
        time_epoch: request.at.unix_timestamp_nanos() / 1_000_000,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
}

/// Repeated names joined with commas, the first value first.
fn joined<K: Into<String>, V: AsRef<str>>(
    pairs: impl Iterator<Item = (K, V)>,
) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in pairs {
        joined
            .entry(name.into())
            .and_modify(|all| *all = format!("{all},{}", value.as_ref()))
            .or_insert_with(|| value.as_ref().to_owned());
    }
    joined
}

/// The headers of the client and those that a gateway adds; cookies have a field of their own.
fn joined_headers(request: &Request<'_>) -> BTreeMap<String, String> {
    let sent = request.headers.iter().filter(|(name, _)| **name != header::COOKIE);
    let mut headers = joined(
        sent.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))),
    );
    let host = text(request.headers, &header::HOST);
    let port = host.rsplit_once(':').map_or("80", |(_name, port)| port);
    for (name, value) in [
        ("x-forwarded-for", request.source_ip.as_str()),
        ("x-forwarded-port", port),
        ("x-forwarded-proto", "http"),
    ] {
        headers.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    headers
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|it| it.to_str().ok());
    lines.flat_map(|line| line.split(';')).map(|it| it.trim().to_owned()).collect()
}

/// A text body as it is, any other in base64. A form counts as binary on AWS too, so a client
/// that leaves out `Content-Type: application/json` (curl's `-d`) reaches a function in base64.
fn encode_body(headers: &HeaderMap, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let media_type = text(headers, &header::CONTENT_TYPE).split(';').next().unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    let is_text = media_type.starts_with("text/")
        || matches!(
            media_type.as_str(),
            "" | "application/json" | "application/javascript" | "application/xml"
        );
    match std::str::from_utf8(body) {
        Ok(text) if is_text => (Some(text.to_owned()), false),
        Ok(_) | Err(_) => (Some(STANDARD.encode(body)), true),
    }
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;

    fn event(uri: &str, headers: &[(header::HeaderName, &str)], body: &[u8]) -> Value {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().unwrap());
        }
        let request = Request {
            method: &Method::POST,
            uri: &uri.parse().unwrap(),
            path: "/orders/a b",
            version: Version::HTTP_11,
            headers: &map,
            body: &Bytes::copy_from_slice(body),
            route_key: "POST /orders/{id}",
            path_parameters: BTreeMap::from([("id".to_owned(), "a b".to_owned())]),
            authorizer: None,
            request_id: "req-1=",
            source_ip: "127.0.0.1".to_owned(),
            at: datetime!(2020-03-12 19:03:58.390 UTC),
        };
        serde_json::from_slice(&encode(&request).unwrap()).unwrap()
    }

    #[test]
    fn an_event_has_the_shape_of_the_developer_guide() {
        let event = event("/orders/a%20b", &[(header::HOST, "api.example:9002")], b"");
        assert_eq!(
            event,
            json!({
                "version": "2.0",
                "routeKey": "POST /orders/{id}",
                "rawPath": "/orders/a b",
                "rawQueryString": "",
                "headers": {
                    "host": "api.example:9002",
                    "x-forwarded-for": "127.0.0.1",
                    "x-forwarded-port": "9002",
                    "x-forwarded-proto": "http",
                },
                "requestContext": {
                    "accountId": "000000000000",
                    "apiId": "local",
                    "domainName": "api.example",
                    "domainPrefix": "api",
                    "http": {
                        "method": "POST",
                        "path": "/orders/a b",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1",
                        "userAgent": "",
                    },
                    "requestId": "req-1=",
                    "routeKey": "POST /orders/{id}",
                    "stage": "$default",
                    "time": "12/Mar/2020:19:03:58 +0000",
                    "timeEpoch": 1_584_039_838_390_i64,
                },
                "pathParameters": {"id": "a b"},
                "isBase64Encoded": false,
            })
        );
        serde_json::from_value::<ApiGatewayV2httpRequest>(event).unwrap();
    }

    #[test]
    fn what_comes_twice_is_joined_and_cookies_stand_apart() {
        let accept = header::ACCEPT;
        let headers = [(accept.clone(), "a"), (accept, "b"), (header::COOKIE, "x=1; y=2")];
        let event = event("/?q=1&q=a%2Cb+c&r=%C3%A9", &headers, b"");
        assert_eq!(event["headers"]["accept"], "a,b");
        assert_eq!(event["headers"]["cookie"], Value::Null);
        assert_eq!(event["cookies"], json!(["x=1", "y=2"]));
        assert_eq!(event["rawQueryString"], "q=1&q=a%2Cb+c&r=%C3%A9");
        assert_eq!(event["queryStringParameters"], json!({"q": "1,a,b c", "r": "é"}));
    }

    #[test]
    fn a_text_body_is_text_and_any_other_is_base64() {
        let sent = |content_type: &str, body: &[u8]| {
            let event = event("/", &[(header::CONTENT_TYPE, content_type)], body);
            (event["body"].as_str().unwrap().to_owned(), event["isBase64Encoded"] == true)
        };
        assert_eq!(sent("application/json; charset=utf-8", b"{}"), ("{}".to_owned(), false));
        assert_eq!(sent("application/octet-stream", b"{}"), ("e30=".to_owned(), true));
        assert_eq!(sent("application/x-www-form-urlencoded", b"{}"), ("e30=".to_owned(), true));
        assert_eq!(sent("text/plain", b"\xff"), ("/w==".to_owned(), true));
    }
}

//! The API over real HTTP, functions being closures.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use super::*;

/// Echoes its event, or does what the function's name says.
struct Functions;

impl Invoke for Functions {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> Invocation<'a> {
        Box::pin(async move {
            let reply = |payload: Bytes, error: Option<&str>| {
                Ok(InvokeReply { payload, function_error: error.map(str::to_owned) })
            };
            match function {
                "echo" => reply(payload, None),
                "teapot" => reply(Bytes::from_static(br#"{"statusCode":418}"#), None),
                "failing" => reply(Bytes::from_static(b"{}"), Some("Unhandled")),
                "malformed" => reply(Bytes::from_static(b"<html>"), None),
                "hanging" => std::future::pending().await,
                other => Err(format!("function {other} is throttled")),
            }
        })
    }
}

struct Api {
    base: String,
    client: Client,
}

impl Api {
    async fn start() -> Self {
        let route = |key: &str, function: &str, access| {
            let (method, path) = key.split_once(' ').unwrap();
            RouteSpec {
                method: method.to_owned(),
                path: path.to_owned(),
                function: function.to_owned(),
                access,
                scopes: if key.starts_with("get ") {
                    vec!["orders:read".to_owned()]
                } else {
                    vec![]
                },
            }
        };
        let routes = vec![
            route("ANY /open/{proxy+}", "echo", Access::Anyone),
            route("POST /orders", "echo", Access::Token),
            route("get /orders/{id}", "echo", Access::Token),
            route("POST /admin/stock", "echo", Access::Iam),
            route("GET /teapot", "teapot", Access::Anyone),
            route("GET /failing", "failing", Access::Anyone),
            route("GET /malformed", "malformed", Access::Anyone),
            route("GET /hanging", "hanging", Access::Anyone),
            route("GET /busy", "busy", Access::Anyone),
        ];
        let timeout = Duration::from_millis(50);
        let gateway = Gateway::build(routes, Arc::new(Functions), timeout, None).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let service = gateway.router().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        // Plain HTTP only, but the client wants to know who would do its cryptography.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        Self { base, client }
    }

    async fn get(&self, path: &str, token: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.base));
        request.header("authorization", token).send().await.unwrap()
    }

    async fn refused(&self, path: &str, status: StatusCode, message: &str) {
        let response = self.get(path, "Bearer alice").await;
        assert_eq!(response.status(), status, "{path}");
        assert!(response.headers().contains_key("apigw-requestid"));
        assert_eq!(response.json::<Value>().await.unwrap(), json!({"message": message}), "{path}");
    }
}

#[tokio::test]
async fn a_function_sees_the_request_in_payload_format_2() {
    let api = Api::start().await;
    let url = format!("{}/orders?limit=2&limit=3", api.base);
    let request = api.client.post(url).bearer_auth("alice:orders:write").json(&json!({"a": 1}));
    let event: ApiGatewayV2httpRequest = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(event.route_key.as_deref(), Some("POST /orders"));
    assert_eq!(event.body.as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(event.raw_query_string.as_deref(), Some("limit=2&limit=3"));
    assert_eq!(event.request_context.http.source_ip.as_deref(), Some("127.0.0.1"));
    assert_eq!(event.request_context.stage.as_deref(), Some("$default"));
    let jwt = event.request_context.authorizer.unwrap().jwt.unwrap();
    assert_eq!(jwt.claims["sub"], "alice");
    assert_eq!(jwt.claims["scope"], "orders:write");
    assert_eq!(jwt.claims["iss"], "http://localhost");
    assert_eq!(jwt.scopes.unwrap(), ["orders:write"]);
}

#[tokio::test]
async fn paths_are_decoded_before_they_are_matched() {
    let api = Api::start().await;
    let event: Value = api.get("/orders/a%20b", "Bearer alice").await.json().await.unwrap();
    assert_eq!(event["rawPath"], "/orders/a b");
    assert_eq!(event["pathParameters"], json!({"id": "a b"}));
    let event: Value = api.get("/open/x%2Fy%3Fz", "Bearer alice").await.json().await.unwrap();
    assert_eq!(event["pathParameters"], json!({"proxy": "x/y"}));
    api.refused("/orders/a%2Fb", StatusCode::NOT_FOUND, "Not Found").await;
    api.refused("/orders/%ff", StatusCode::BAD_REQUEST, "Bad Request").await;
}

#[tokio::test]
async fn a_caller_without_a_valid_token_is_challenged() {
    let api = Api::start().await;
    let missing = api.client.get(format!("{}/orders/1", api.base)).send().await.unwrap();
    let invalid = api.get("/orders/1", "Bearer not/a/user").await;
    assert_eq!(missing.headers()["www-authenticate"], "Bearer");
    assert!(invalid.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    for response in [missing, invalid] {
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.json::<Value>().await.unwrap(), json!({"message": "Unauthorized"}));
    }
    assert_eq!(api.get("/teapot", "").await.status(), StatusCode::IM_A_TEAPOT);
}

#[tokio::test]
async fn a_token_needs_a_scope_of_the_route() {
    let api = Api::start().await;
    for (token, status) in [
        ("alice", StatusCode::OK),
        ("alice:orders:read", StatusCode::OK),
        ("alice:orders:write", StatusCode::FORBIDDEN),
    ] {
        let response = api.get("/orders/order-1", &format!("Bearer {token}")).await;
        assert_eq!(response.status(), status, "{token}");
        let refusal = (status == StatusCode::FORBIDDEN).then(|| json!({"message": "Forbidden"}));
        let body: Value = response.json().await.unwrap();
        assert!(refusal.is_none_or(|refusal| refusal == body), "{body}");
    }
}

#[tokio::test]
async fn an_admin_signs_requests_with_credentials_of_aws() {
    let api = Api::start().await;
    let url = format!("{}/admin/stock", api.base);
    let signed = "AWS4-HMAC-SHA256 Credential=AKIALOCAL/20260101/us-east-1/execute-api/aws4_request, \
                  SignedHeaders=host;x-amz-date, Signature=0011";
    let request = api.client.post(&url).header("authorization", signed);
    let event: ApiGatewayV2httpRequest = request.send().await.unwrap().json().await.unwrap();
    let authorizer = event.request_context.authorizer.unwrap();
    assert!(authorizer.jwt.is_none());
    let iam = authorizer.iam.unwrap();
    assert_eq!(iam.access_key.as_deref(), Some("AKIALOCAL"));
    assert_eq!(iam.user_arn.as_deref(), Some("arn:aws:iam::000000000000:user/AKIALOCAL"));
    for header in ["", "Bearer alice", "AWS4-HMAC-SHA256 Credential=AKIALOCAL"] {
        let response = api.client.post(&url).header("authorization", header).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{header:?}");
        assert_eq!(response.json::<Value>().await.unwrap(), json!({"message": "Forbidden"}));
    }
}

#[tokio::test]
async fn failures_have_the_answers_of_api_gateway() {
    let api = Api::start().await;
    let internal = StatusCode::INTERNAL_SERVER_ERROR;
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    api.refused("/failing", internal, "Internal Server Error").await;
    api.refused("/malformed", internal, "Internal Server Error").await;
    api.refused("/hanging", unavailable, "Service Unavailable").await;
    api.refused("/busy", unavailable, "Service Unavailable").await;
    api.refused("/none", StatusCode::NOT_FOUND, "Not Found").await;
}

#[tokio::test]
async fn a_body_beyond_ten_megabytes_is_refused() {
    let api = Api::start().await;
    let send = async |bytes: usize| {
        let request = api.client.post(format!("{}/open/upload", api.base));
        request.body(vec![b'a'; bytes]).send().await.unwrap()
    };
    assert_eq!(send(BODY_BYTES_MAX).await.status(), StatusCode::OK);
    let refused = send(BODY_BYTES_MAX + 1).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body, json!({"message": "Request Entity Too Large"}));
}

#[tokio::test]
async fn a_head_beyond_ten_kilobytes_is_refused() {
    let api = Api::start().await;
    let send = async |path: &str, header: usize| {
        let request = api.client.get(format!("{}/open/{path}", api.base));
        request.header("x-long", "a".repeat(header)).send().await.unwrap()
    };
    // Some of it is the client's own headers.
    assert_eq!(send("a", HEAD_BYTES_MAX - 200).await.status(), StatusCode::OK);
    for (path, header) in [("a".to_owned(), HEAD_BYTES_MAX), ("p".repeat(HEAD_BYTES_MAX), 1)] {
        let refused = send(&path, header).await;
        assert_eq!(refused.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body, json!({"message": "Request Header Fields Too Large"}));
    }
}

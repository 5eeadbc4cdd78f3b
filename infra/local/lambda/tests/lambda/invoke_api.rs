//! The Invoke API over HTTP.

use crate::support::{Journal, host, spec, spec_with, stats, until};
use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use local_lambda::{FunctionSpec, LambdaHost};
use serde_json::{Value, json};
use tower::ServiceExt;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn send(host: &LambdaHost, request: Request<Body>) -> Answer {
    let (parts, body) = host.router().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn invoke(
    host: &LambdaHost,
    function: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request =
        Request::post(format!("http://127.0.0.1/2015-03-31/functions/{function}/invocations"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(host, request.body(body.into()).unwrap()).await
}

async fn get(host: &LambdaHost, path: &str) -> Answer {
    send(host, Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_synchronous_invocation_answers_with_the_functions_payload() {
    let host = host(spec()).await;
    let answer = invoke(&host, "probe", &[], r#"{"n":1}"#).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["echo"], json!({ "n": 1 }));
    assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
    assert_eq!(answer.header("x-amz-function-error"), "");
    assert_eq!(answer.header("x-amz-log-result"), "");
    let by_arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aorderly-probe";
    assert_eq!(invoke(&host, by_arn, &[], "{}").await.status, StatusCode::OK);
    host.shutdown().await;
}

#[tokio::test]
async fn a_function_error_is_a_200_with_a_header() {
    let host = host(spec()).await;
    let answer = invoke(&host, "probe", &[], r#"{"do":"fail"}"#).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    assert_eq!(answer.json()["errorMessage"], "asked to fail");
    host.shutdown().await;
}

#[tokio::test]
async fn the_log_tail_comes_when_asked_for() {
    let host = host(spec()).await;
    let answer = invoke(&host, "probe", &[("x-amz-log-type", "Tail")], r#"{"do":"log"}"#).await;
    let log = BASE64_STANDARD.decode(answer.header("x-amz-log-result")).unwrap();
    assert!(String::from_utf8(log).unwrap().contains("to stdout"));
    host.shutdown().await;
}

#[tokio::test]
async fn an_event_is_accepted_and_handled_later() {
    let journal = Journal::new();
    let host = host(spec_with(&[("JOURNAL", &journal.path())])).await;
    let event = [("x-amz-invocation-type", "Event")];
    let answer = invoke(&host, "probe", &event, r#"{"n":1}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::ACCEPTED, ""));
    assert_eq!(answer.header("x-amzn-requestid").len(), 36);
    until(|| stats(&host).async_pending == 0).await;
    assert_eq!(journal.lines(), [r#"{"n":1}"#]);
    host.shutdown().await;
}

#[tokio::test]
async fn a_dry_run_invokes_nothing() {
    let host = host(spec()).await;
    let answer = invoke(&host, "probe", &[("x-amz-invocation-type", "DryRun")], "{}").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(stats(&host).invocations, 0);
    host.shutdown().await;
}

#[tokio::test]
async fn what_lambda_refuses_is_refused_with_its_error() {
    let host = host(spec()).await;
    let large = format!("\"{}\"", "x".repeat(local_lambda::SYNC_PAYLOAD_BYTES_MAX));
    let event = ("x-amz-invocation-type", "Event");
    let unknown = ("x-amz-invocation-type", "Whenever");
    let refusals = [
        (invoke(&host, "unknown", &[], "{}").await, 404, "ResourceNotFoundException"),
        (invoke(&host, "probe:live", &[], "{}").await, 404, "ResourceNotFoundException"),
        (invoke(&host, "probe", &[], "{").await, 400, "InvalidRequestContentException"),
        (invoke(&host, "probe", &[event], "{").await, 400, "InvalidRequestContentException"),
        (invoke(&host, "probe", &[unknown], "{}").await, 400, "InvalidParameterValueException"),
        (invoke(&host, "probe", &[], large).await, 413, "RequestTooLargeException"),
    ];
    for (answer, status, code) in refusals {
        let seen = (answer.status.as_u16(), answer.header("x-amzn-errortype"));
        assert!(seen == (status, code), "{seen:?} instead of {code}");
        assert_eq!(answer.json()["Type"], "User", "{code}");
    }
    host.shutdown().await;
}

#[tokio::test]
async fn a_client_can_look_around() {
    let host = host(spec()).await;
    for path in ["/2015-03-31/functions/", "/2015-03-31/functions?MaxItems=50"] {
        let functions = get(&host, path).await.json();
        assert_eq!(functions["Functions"][0]["FunctionName"], "orderly-probe");
    }
    let function = get(&host, "/2015-03-31/functions/probe").await.json();
    assert_eq!(function["Configuration"]["Timeout"], 30);
    assert_eq!(get(&host, "/2015-03-31/functions/unknown").await.status, StatusCode::NOT_FOUND);
    host.shutdown().await;
}

#[tokio::test]
async fn an_operator_sees_what_limits_a_function_and_the_account() {
    let host = host(FunctionSpec { concurrency_max: 7, ..spec() }).await;
    let reserved = get(&host, "/2019-09-30/functions/probe/concurrency").await;
    assert_eq!(reserved.json(), json!({ "ReservedConcurrentExecutions": 7 }));
    let unknown = get(&host, "/2019-09-30/functions/nobody/concurrency").await;
    assert_eq!(unknown.header("x-amzn-errortype"), "ResourceNotFoundException");
    for path in ["/2016-08-19/account-settings", "/2016-08-19/account-settings/"] {
        let account = get(&host, path).await.json();
        assert_eq!(account["AccountLimit"]["ConcurrentExecutions"], 7);
        assert_eq!(account["AccountLimit"]["UnreservedConcurrentExecutions"], 0);
        assert_eq!(account["AccountUsage"]["FunctionCount"], 1);
        assert!(account["AccountUsage"]["TotalCodeSize"].as_u64().unwrap() > 0);
    }
    host.shutdown().await;
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let variables = [
        ("GATEWAY_API_KEY", "sk_1"),
        ("session_token", "t"),
        ("SIGNING_KEY", ""),
        ("GATEWAY_URL", "https://user:hunter2-and-more@pay.example"),
        ("TABLE", "orders"),
    ];
    let secrets = ["hunter2-and-more".to_owned()].into();
    let host = host(FunctionSpec { secrets, ..spec_with(&variables) }).await;
    let shown = get(&host, "/2015-03-31/functions/probe/configuration").await.json();
    let variables = json!({
        "GATEWAY_API_KEY": "****", "session_token": "****", "SIGNING_KEY": "",
        "GATEWAY_URL": "****", "TABLE": "orders",
    });
    assert_eq!(shown["Environment"]["Variables"], variables);
    for path in ["/2015-03-31/functions", "/2015-03-31/functions/probe"] {
        let body = get(&host, path).await.body;
        assert!(!body.contains("hunter2") && !body.contains("sk_1"), "{body}");
    }
    host.shutdown().await;
}

#[tokio::test]
async fn a_function_without_concurrency_is_throttled() {
    let host = host(FunctionSpec { concurrency_max: 0, ..spec() }).await;
    let answer = invoke(&host, "probe", &[], "{}").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("x-amzn-errortype"), "TooManyRequestsException");
    assert_eq!(stats(&host).cold_starts, 0);
    host.shutdown().await;
}

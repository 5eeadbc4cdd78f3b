//! The Invoke API, and as much of the Function API as a client needs to look around.
//! Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ASYNC_PAYLOAD_BYTES_MAX, Invocation, InvokeError, LambdaHost, SYNC_PAYLOAD_BYTES_MAX, VERSION,
    invocation::Request, spec::FunctionSpec,
};

const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const LOG_RESULT: HeaderName = HeaderName::from_static("x-amz-log-result");

/// What the names of variables have whose values are secret.
const SECRET: [&str; 4] = ["KEY", "SECRET", "TOKEN", "PASSWORD"];
const MASK: &str = "****";

impl LambdaHost {
    /// The Invoke API, for a server on loopback.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(invoke))
            .route("/2015-03-31/functions/{name}", get(get_function))
            .route("/2015-03-31/functions/{name}/configuration", get(get_configuration))
            // The SDKs end the path in a slash, people often do not.
            .route("/2015-03-31/functions/", get(list_functions))
            .route("/2015-03-31/functions", get(list_functions))
            .route("/2019-09-30/functions/{name}/concurrency", get(get_concurrency))
            .route("/2016-08-19/account-settings/", get(account_settings))
            .route("/2016-08-19/account-settings", get(account_settings))
            .with_state(self.clone())
    }
}

#[derive(Debug, Deserialize)]
struct Version {
    #[serde(rename = "Qualifier")]
    qualifier: Option<String>,
}

impl Version {
    /// The function with its version, as an ARN would have it.
    fn of(self, name: String) -> String {
        self.qualifier.map_or(name.clone(), |qualifier| format!("{name}:{qualifier}"))
    }
}

async fn invoke(
    State(host): State<LambdaHost>,
    Path(name): Path<String>,
    Query(version): Query<Version>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let name = version.of(name);
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let outcome = match header("x-amz-invocation-type").unwrap_or("RequestResponse") {
        "RequestResponse" => match read(body, SYNC_PAYLOAD_BYTES_MAX).await {
            Ok(payload) => {
                let tail = header("x-amz-log-type") == Some("Tail");
                host.invoke(&name, payload).await.map(|invocation| answer(invocation, tail))
            }
            Err(error) => Err(error),
        },
        "Event" => read(body, ASYNC_PAYLOAD_BYTES_MAX)
            .await
            .and_then(|payload| host.invoke_async(&name, payload))
            .map(|request_id| (StatusCode::ACCEPTED, [(REQUEST_ID, request_id)]).into_response()),
        "DryRun" => read(body, SYNC_PAYLOAD_BYTES_MAX)
            .await
            .and_then(|payload| Request::new(payload, SYNC_PAYLOAD_BYTES_MAX))
            .and_then(|_| host.function(&name))
            .map(|_| StatusCode::NO_CONTENT.into_response()),
        other => {
            let message = format!("{other} is not an invocation type");
            return problem(StatusCode::BAD_REQUEST, "InvalidParameterValueException", &message);
        }
    };
    outcome.unwrap_or_else(|error| refuse(&error))
}

async fn read(body: Body, bytes_max: usize) -> Result<Bytes, InvokeError> {
    // The body's true size is unknown: reading stops where it is certainly too much.
    let error = InvokeError::PayloadTooLarge { bytes: bytes_max + 1, bytes_max };
    to_bytes(body, bytes_max).await.map_err(|_| error)
}

fn answer(invocation: Invocation, tail: bool) -> Response {
    let mut response = invocation.payload.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(EXECUTED_VERSION, HeaderValue::from_static(VERSION));
    let log = tail.then(|| BASE64_STANDARD.encode(&invocation.log_tail));
    let values = [
        (REQUEST_ID, Some(invocation.request_id)),
        (FUNCTION_ERROR, invocation.function_error),
        (LOG_RESULT, log),
    ];
    for (name, value) in values {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

async fn list_functions(State(host): State<LambdaHost>) -> Json<Value> {
    let functions: Vec<Value> = host.functions().map(configuration).collect();
    Json(json!({ "Functions": functions }))
}

async fn get_function(
    State(host): State<LambdaHost>,
    Path(name): Path<String>,
    Query(version): Query<Version>,
) -> Response {
    match host.function(&version.of(name)) {
        Ok(spec) => {
            let concurrency = json!({ "ReservedConcurrentExecutions": spec.concurrency_max });
            Json(json!({ "Configuration": configuration(spec), "Concurrency": concurrency }))
                .into_response()
        }
        Err(error) => refuse(&error),
    }
}

async fn get_configuration(
    State(host): State<LambdaHost>,
    Path(name): Path<String>,
    Query(version): Query<Version>,
) -> Response {
    match host.function(&version.of(name)) {
        Ok(spec) => Json(configuration(spec)).into_response(),
        Err(error) => refuse(&error),
    }
}

/// Each function has a limit of its own here: the template's, or that of the machine.
async fn get_concurrency(State(host): State<LambdaHost>, Path(name): Path<String>) -> Response {
    match host.function(&name) {
        Ok(spec) => {
            Json(json!({ "ReservedConcurrentExecutions": spec.concurrency_max })).into_response()
        }
        Err(error) => refuse(&error),
    }
}

/// The account's limits are what holds here: the functions' own together, and none besides.
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html>.
async fn account_settings(State(host): State<LambdaHost>) -> Json<Value> {
    /// Lambda's quotas for the code of a function, zipped and not, and of all together.
    const CODE_BYTES: [u64; 3] = [52_428_800, 262_144_000, 80_530_636_800];
    let [zipped, unzipped, total] = CODE_BYTES;
    let concurrency: usize = host.functions().map(|it| it.concurrency_max).sum();
    let sizes = host.functions().filter_map(|it| std::fs::metadata(&it.binary).ok());
    let used: u64 = sizes.map(|it| it.len()).sum();
    Json(json!({
        "AccountLimit": {
            "TotalCodeSize": total,
            "CodeSizeUnzipped": unzipped,
            "CodeSizeZipped": zipped,
            "ConcurrentExecutions": concurrency,
            "UnreservedConcurrentExecutions": 0,
        },
        "AccountUsage": { "TotalCodeSize": used, "FunctionCount": host.functions().count() },
    }))
}

fn configuration(spec: &FunctionSpec) -> Value {
    json!({
        "FunctionName": spec.name,
        "FunctionArn": spec.arn(),
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "PackageType": "Zip",
        "Version": VERSION,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Timeout": spec.timeout.as_secs(),
        "MemorySize": spec.memory_mb,
        "Environment": { "Variables": shown(&spec.environment, &spec.secrets) },
    })
}

/// The environment for people to read: without secrets, which AWS shows to every authorised caller.
fn shown(
    environment: &BTreeMap<String, String>,
    secrets: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    let masked = |name: &str, value: &str| {
        let name = name.to_ascii_uppercase();
        let is_secret = SECRET.iter().any(|it| name.contains(it))
            || secrets.iter().any(|it| value == it || (it.len() >= 8 && value.contains(it)));
        if is_secret && !value.is_empty() { MASK.to_owned() } else { value.to_owned() }
    };
    environment.iter().map(|(name, value)| (name.clone(), masked(name, value))).collect()
}

fn refuse(error: &InvokeError) -> Response {
    let (status, code) = match error {
        InvokeError::UnknownFunction { .. } => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
        InvokeError::PayloadTooLarge { .. } => {
            (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException")
        }
        InvokeError::InvalidPayload { .. } => {
            (StatusCode::BAD_REQUEST, "InvalidRequestContentException")
        }
        InvokeError::TooManyRequests { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException")
        }
        InvokeError::ShuttingDown => (StatusCode::INTERNAL_SERVER_ERROR, "ServiceException"),
    };
    problem(status, code, &error.to_string())
}

fn problem(status: StatusCode, code: &'static str, message: &str) -> Response {
    let kind = if status.is_client_error() { "User" } else { "Service" };
    let body = Json(json!({ "Type": kind, "Message": message }));
    (status, [("x-amzn-errortype", code)], body).into_response()
}

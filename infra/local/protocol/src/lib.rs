//! The AWS JSON protocols as a server speaks them: one `POST /`, the operation in
//! `X-Amz-Target`, errors as `{"__type": …, "message": …}`.
//!
//! Each local service implements [`Service`]; [`router`] puts several of them behind one
//! endpoint, which is what `AWS_ENDPOINT_URL` of a function names.
//! Source: <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>.

mod error;

use std::{future::Future, pin::Pin, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
pub use bytes::Bytes;

pub use error::AwsError;

/// The account every local ARN names.
pub const ACCOUNT: &str = "000000000000";
/// The region every local ARN names, unless the stack is told another.
pub const REGION: &str = "us-east-1";
/// The largest request of any service here: DynamoDB's 16 MB.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A boxed future, so that services can be kept in one list.
pub type Reply<'a> = Pin<Box<dyn Future<Output = Result<Bytes, AwsError>> + Send + 'a>>;

/// An AWS service that speaks a JSON protocol.
pub trait Service: Send + Sync + 'static {
    /// What stands before the dot in `X-Amz-Target`, e.g. `["DynamoDB_20120810"]`.
    fn targets(&self) -> &'static [&'static str];

    /// `1.0` or `1.1`, as in the content type `application/x-amz-json-1.0`.
    fn json_version(&self) -> &'static str;

    /// Carries out `operation` (what stands after the dot) on a JSON body.
    fn call<'a>(&'a self, operation: &'a str, body: Bytes) -> Reply<'a>;
}

/// Every service in `services` behind one `POST /`.
pub fn router(services: Vec<Arc<dyn Service>>) -> Router {
    Router::new()
        .route("/", post(dispatch))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(services.into())
}

async fn dispatch(
    State(services): State<Arc<[Arc<dyn Service>]>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let Some((prefix, operation)) = target.split_once('.') else {
        return render(Err(AwsError::unknown_operation(target)), "1.0");
    };
    match services.iter().find(|service| service.targets().contains(&prefix)) {
        Some(service) => render(service.call(operation, body).await, service.json_version()),
        None => render(Err(AwsError::unknown_operation(target)), "1.0"),
    }
}

/// The HTTP response of an operation's outcome.
pub fn render(outcome: Result<Bytes, AwsError>, json_version: &str) -> Response {
    let content_type = format!("application/x-amz-json-{json_version}");
    match outcome {
        Ok(body) => ([(header::CONTENT_TYPE, content_type)], Body::from(body)).into_response(),
        Err(error) => {
            let status =
                StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response =
                (status, [(header::CONTENT_TYPE, content_type)], error.body()).into_response();
            // botocore's SQS client reads the old query protocol's code from this header.
            if let Ok(value) = format!("{};Sender", error.short_code()).parse() {
                response.headers_mut().insert("x-amzn-query-error", value);
            }
            response
        }
    }
}

//! The AWS JSON protocols as a server speaks them: one `POST /`, the operation in
//! `X-Amz-Target`, errors as `{"__type": …, "message": …}`.
//! Source: <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;

use crate::{error::AwsError, ids::request_id, protocol::refuse_unknown};

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

    /// The code of `error` in the query protocol, if the service spoke that before JSON: SDKs and
    /// the CLI still tell errors of SQS apart by it.
    fn query_code(&self, _error: &AwsError) -> Option<String> {
        None
    }

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
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let named = target.split_once('.').and_then(|(prefix, operation)| {
        let service = services.iter().find(|it| it.targets().contains(&prefix))?;
        Some((service, operation))
    });
    let mut response = match named {
        Some((service, operation)) => answer(&**service, operation, body).await,
        None => return refuse_unknown(&method, &uri, &headers, &body),
    };
    if let Ok(id) = request_id().parse() {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

async fn answer(service: &dyn Service, operation: &str, body: Bytes) -> Response {
    match service.call(operation, body).await {
        Ok(body) => {
            let headers = [(header::CONTENT_TYPE, content_type(service.json_version()))];
            (headers, Body::from(body)).into_response()
        }
        Err(error) => {
            let mut response = refuse(&error, service.json_version());
            let fault = if error.status < 500 { "Sender" } else { "Receiver" };
            let code = service.query_code(&error).map(|code| format!("{code};{fault}").parse());
            if let Some(Ok(value)) = code {
                response.headers_mut().insert("x-amzn-query-error", value);
            }
            response
        }
    }
}

fn refuse(error: &AwsError, json_version: &str) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, content_type(json_version))], error.body()).into_response()
}

fn content_type(json_version: &str) -> String {
    format!("application/x-amz-json-{json_version}")
}

//! What the template's policies allow, enforced where functions ask: at the AWS endpoint.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use local_core::{AwsError, Protocol};
use local_iam::{Authority, Call};

/// The largest request of any service: DynamoDB's 16 MB.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// `router`, which functions reach only for what their roles allow. A caller that does not sign
/// with the key of a function is the administrator of the account. What it refuses is noted in
/// `refusals`.
pub(super) fn enforced(router: Router, authority: Authority, refusals: Arc<Refusals>) -> Router {
    router.layer(from_fn_with_state((Arc::new(authority), refusals), check))
}

/// What was refused, each message once.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<BTreeSet<String>>);

impl Refusals {
    fn note(&self, message: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(message.to_owned());
    }

    pub(super) fn messages(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

async fn check(
    State((authority, refusals)): State<(Arc<Authority>, Arc<Refusals>)>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, REQUEST_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let target = text(&parts.headers, "x-amz-target");
    let call = Call { path: parts.uri.path(), method: parts.method.as_str(), target, body: &body };
    match authority.check(text(&parts.headers, header::AUTHORIZATION.as_str()), &call) {
        Ok(()) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(error) => {
            refusals.note(&error.message);
            refuse(&error, &parts.headers)
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `error` in the protocol of the caller.
fn refuse(error: &AwsError, headers: &HeaderMap) -> Response {
    let mut response = Protocol::of(headers).refusal(error);
    if text(headers, "x-amz-target").is_some_and(|it| it.starts_with("AmazonSQS.")) {
        // What its query protocol called it.
        let code = match error.short_code() {
            "UnrecognizedClientException" => "InvalidClientTokenId;Sender",
            _ => "AccessDenied;Sender",
        };
        response.headers_mut().insert(QUERY_ERROR, HeaderValue::from_static(code));
    }
    response
}

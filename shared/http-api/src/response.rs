//! The response that API Gateway takes.

use std::time::Duration;

use aws_lambda_events::{apigw::ApiGatewayV2httpResponse, encodings::Body};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// No cache keeps an answer, unless it is public: answers are about the caller.
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A response, which no cache keeps unless its headers allow it.
pub(crate) fn response(
    status: StatusCode,
    mut headers: HeaderMap,
    body: Option<String>,
) -> ApiGatewayV2httpResponse {
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(status.as_u16());
    response.headers = headers;
    response.body = body.map(Body::Text);
    response
}

/// Rounded up, so that no client retries too early.
pub(crate) fn seconds(after: Duration) -> HeaderValue {
    HeaderValue::from(after.as_millis().div_ceil(1000).clamp(1, u128::from(u32::MAX)) as u64)
}

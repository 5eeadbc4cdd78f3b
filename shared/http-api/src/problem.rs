//! Refused requests: problem documents of RFC 9457.

use std::{fmt, time::Duration};

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_api_problem::{HttpApiProblem, PROBLEM_JSON_MEDIA_TYPE};
use serde::Serialize;
use serde_json::json;

use crate::response::{response, seconds};

/// The namespace of kinds of problem that are named by a slug.
const KIND_PREFIX: &str = "urn:orderly:problem:";
/// The most characters of a field's detail: it may quote what the client sent.
const DETAIL_CHARS_MAX: usize = 200;

/// A refusal: a document of type `application/problem+json`, and the headers that go with it.
///
/// Without a [`kind`](Self::kind) or [`kind_uri`](Self::kind_uri) the document's type is
/// `about:blank`, which means no more than the status. Source:
/// <https://www.rfc-editor.org/rfc/rfc9457>.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    document: HttpApiProblem,
    errors: Vec<FieldError>,
    headers: HeaderMap,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The name of a header or parameter, or a JSON pointer into the body (`""` is all of it).
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let document =
            HttpApiProblem::with_title_and_type(status).type_url("about:blank").detail(detail);
        Self(Box::new(Parts { status, document, errors: Vec::new(), headers: HeaderMap::new() }))
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 400: one field cannot be understood.
    pub fn bad_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::bad_request("the request has a field that cannot be taken").field(field, detail)
    }

    /// 401: the caller is unknown. Asks for a bearer token.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        let challenge = HeaderValue::from_static("Bearer");
        Self::new(StatusCode::UNAUTHORIZED, detail).header(header::WWW_AUTHENTICATE, challenge)
    }

    /// 403: the caller may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404: there is no such thing, or it is not the caller's.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 409: the state of the resource does not allow this.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 413: the body is larger than its limit.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// 415: the body is not JSON. Names the accepted media type.
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        let taken = HeaderValue::from_static("application/json");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).header(header::ACCEPT, taken)
    }

    /// 422: the request is understood, and breaks a rule.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// 422: one field is understood, and is not what it must be.
    pub fn invalid_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::unprocessable("the request has a field that is not what it must be")
            .field(field, detail)
    }

    /// 429: the caller sends too many requests, and should wait `retry_after`.
    pub fn too_many(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(retry_after)
    }

    /// 500: the fault is the server's. Its cause belongs in the log.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be carried out")
    }

    /// 503: a dependency is unavailable; the client should retry after `retry_after`.
    pub fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(retry_after)
    }

    /// The kind of problem, for programs as `urn:orderly:problem:<slug>` and for people as `title`.
    #[must_use]
    pub fn kind(self, slug: &str, title: &str) -> Self {
        self.kind_uri(format!("{KIND_PREFIX}{slug}"), title)
    }

    /// The kind of problem, for programs as a URI of your own, e.g. of the page that explains it,
    /// and for people as `title`. The same kind always has the same URI and title.
    #[must_use]
    pub fn kind_uri(mut self, uri: impl Into<String>, title: &str) -> Self {
        self.0.document.type_url = Some(uri.into());
        self.0.document.title = Some(title.to_owned());
        self
    }

    /// The resource that the problem is about, as a path of the API.
    #[must_use]
    pub fn instance(mut self, path: impl Into<String>) -> Self {
        self.0.document.instance = Some(path.into());
        self
    }

    /// Adds a field, and what is wrong with it: the name of a header or parameter, or a JSON
    /// pointer into the body.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        if let Some((end, _)) = detail.char_indices().nth(DETAIL_CHARS_MAX) {
            detail.truncate(end);
            detail.push('…');
        }
        self.0.errors.push(FieldError { field: field.into(), detail });
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// When to retry: whole seconds, at least one.
    fn retry_after(self, after: Duration) -> Self {
        self.header(header::RETRY_AFTER, seconds(after))
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The fields at fault.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.status, self.0.document.detail.as_deref().unwrap_or_default())?;
        self.0
            .errors
            .iter()
            .try_for_each(|error| write!(f, "; {:?}: {}", error.field, error.detail))
    }
}

impl std::error::Error for Problem {}

impl From<Problem> for ApiGatewayV2httpResponse {
    fn from(problem: Problem) -> Self {
        let Parts { status, mut document, errors, mut headers } = *problem.0;
        if !errors.is_empty() {
            document.additional_fields_mut().insert("errors".to_owned(), json!(errors));
        }
        let content_type = HeaderValue::from_static(PROBLEM_JSON_MEDIA_TYPE);
        headers.insert(header::CONTENT_TYPE, content_type);
        let body = String::from_utf8_lossy(&document.json_bytes()).into_owned();
        response(status, headers, Some(body))
    }
}

#[cfg(test)]
mod tests;

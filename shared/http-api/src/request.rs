//! A request, as a handler reads it.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use event_envelope::AggregateId;
use runtime::Traceparent;
use serde::de::DeserializeOwned;

use crate::{
    BODY_BYTES_MAX, CARD_NUMBER, IamCaller, Problem, TokenScope, body, caller, cursor,
    holds_card_number, iam,
};

/// The longest `Idempotency-Key`, in bytes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
/// The most elements of a page.
pub const PAGE_MAX: u16 = 100;
/// The elements of a page whose request has no `limit`.
pub const PAGE_DEFAULT: u16 = 20;

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The W3C's trace header: <https://www.w3.org/TR/trace-context/>.
pub(crate) const TRACEPARENT: &str = "traceparent";
/// AWS's, which API Gateway adds.
pub(crate) const XRAY: &str = "x-amzn-trace-id";
const LIMIT: &str = "limit";
const CURSOR: &str = "cursor";

/// A view of a request in payload format 2.0.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    event: &'a ApiGatewayV2httpRequest,
}

impl<'a> Request<'a> {
    /// A view of `event`.
    pub fn new(event: &'a ApiGatewayV2httpRequest) -> Self {
        Self { event }
    }

    /// The route that was matched, e.g. `GET /orders/{id}`; `$default` if none was.
    pub fn route_key(&self) -> &'a str {
        self.event.route_key.as_deref().unwrap_or("$default")
    }

    /// A parameter of the path, decoded.
    pub fn path_parameter(&self, name: &str) -> Option<&'a str> {
        self.event.path_parameters.get(name).map(String::as_str)
    }

    /// A parameter of the path that is an identifier.
    ///
    /// # Errors
    ///
    /// When it is not one: a 400 that names the parameter.
    pub fn path_id(&self, name: &str) -> Result<AggregateId, Problem> {
        AggregateId::parse(self.path_parameter(name).unwrap_or_default())
            .map_err(|error| Problem::bad_field(name, error.to_string()))
    }

    /// A parameter of the query, decoded; the first where it is repeated.
    pub fn query(&self, name: &str) -> Option<&'a str> {
        self.event.query_string_parameters.first(name)
    }

    /// All values of a parameter of the query, decoded, in their order: it may be repeated, or have
    /// commas between its values, which API Gateway does not tell apart.
    pub fn query_all(&self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let values = self.event.query_string_parameters.all(name).unwrap_or_default();
        values.into_iter().flat_map(|value| value.split(','))
    }

    /// A header; the case of `name` does not matter. None if it is not visible ASCII.
    pub fn header(&self, name: impl AsRef<str>) -> Option<&'a str> {
        self.event.headers.get(name.as_ref())?.to_str().ok()
    }

    /// The caller, if their token grants `scope`: the [id](crate::caller_id) of its subject.
    ///
    /// # Errors
    ///
    /// When there are no claims, or no valid subject: a 401; when they lack the scope: a 403.
    pub fn caller(&self, scope: &TokenScope) -> Result<AggregateId, Problem> {
        caller::caller(self.event, scope)
    }

    /// The caller, as an authorizer of type `AWS_IAM` has identified it.
    ///
    /// # Errors
    ///
    /// When there is none, as the route lacks the authorizer, or has another one: a 403.
    pub fn iam_caller(&self) -> Result<IamCaller, Problem> {
        iam::caller(self.event)
    }

    /// The bytes of the body, decoded.
    ///
    /// # Errors
    ///
    /// When there are none or they are not base64: a 400; when they are too many: a 413.
    pub fn body(&self) -> Result<Vec<u8>, Problem> {
        self.body_within(BODY_BYTES_MAX)
    }

    /// The bytes of the body, decoded, where it may have up to `bytes_max` of them: a body that is
    /// signed is taken as it came.
    ///
    /// # Errors
    ///
    /// As [`body`](Self::body).
    pub fn body_within(&self, bytes_max: usize) -> Result<Vec<u8>, Problem> {
        body::bytes(self.event, bytes_max)
    }

    /// The body as a `T`, which should deny unknown fields.
    ///
    /// # Errors
    ///
    /// When the body is not declared as JSON: a 415; when it is too large: a 413; when it is not
    /// JSON or breaks a limit of [`strict`](event_envelope::strict): a 400; when it is JSON but no
    /// `T`, with a field missing, unknown, or of another type or form: a 422 that names the field
    /// by its JSON pointer.
    pub fn json_body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        body::json(self.event, self.media_type())
    }

    /// The same where a request may do without a body: then there is no `T`.
    ///
    /// # Errors
    ///
    /// As [`json_body`](Self::json_body), when there is a body.
    pub fn optional_json_body<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        let is_there = self.event.body.as_deref().is_some_and(|text| !text.is_empty());
        is_there.then(|| self.json_body()).transpose()
    }

    /// The key under which the client retries if it gets no answer.
    ///
    /// # Errors
    ///
    /// When it is missing, longer than 255 bytes, not visible ASCII, or
    /// [holds a card number](holds_card_number): a 400.
    pub fn idempotency_key(&self) -> Result<&'a str, Problem> {
        let refuse = |detail: &str| Problem::bad_field(IDEMPOTENCY_KEY, detail);
        let value = self.event.headers.get(IDEMPOTENCY_KEY);
        let bytes = value.ok_or_else(|| refuse("the header is missing"))?.as_bytes();
        if !(1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&bytes.len()) {
            let detail = format!("must have 1 to {IDEMPOTENCY_KEY_BYTES_MAX} characters");
            return Err(refuse(&detail));
        }
        let key = std::str::from_utf8(bytes)
            .ok()
            .filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| refuse("must be visible ASCII without spaces"))?;
        // Even a hash of it reveals such a number: there are too few of them.
        if holds_card_number(key) { Err(refuse(CARD_NUMBER)) } else { Ok(key) }
    }

    /// How many elements of a list to return.
    ///
    /// # Errors
    ///
    /// When `limit` is not a whole number from 1 to 100: a 400.
    pub fn limit(&self) -> Result<u16, Problem> {
        let Some(text) = self.query(LIMIT) else { return Ok(PAGE_DEFAULT) };
        // `parse` alone would take a sign.
        let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        digits
            .and_then(|digits| digits.parse().ok())
            .filter(|limit| (1..=PAGE_MAX).contains(limit))
            .ok_or_else(|| {
                Problem::bad_field(LIMIT, format!("must be a whole number from 1 to {PAGE_MAX}"))
            })
    }

    /// Where in a list of `user`'s own to go on, as an earlier page returned with
    /// [`cursor`](crate::cursor()); none for the first page.
    ///
    /// # Errors
    ///
    /// When the cursor was not made here, or for another user: a 400.
    pub fn cursor<T: DeserializeOwned>(&self, user: &AggregateId) -> Result<Option<T>, Problem> {
        let Some(text) = self.query(CURSOR) else { return Ok(None) };
        let position = cursor::decode(user, text);
        position.map(Some).ok_or_else(|| {
            Problem::bad_field(CURSOR, "not a cursor of your own: leave it out to start again")
        })
    }

    /// The trace this request belongs to, as a W3C `traceparent` of version 00: the client's, or
    /// else API Gateway's.
    pub fn traceparent(&self) -> Option<String> {
        let client = self.header(TRACEPARENT).and_then(Traceparent::parse);
        let gateway = || self.header(XRAY).and_then(Traceparent::from_xray);
        client.or_else(gateway).map(|trace| trace.to_string())
    }

    /// The media type of the body, without parameters.
    pub(crate) fn media_type(&self) -> Option<&'a str> {
        self.header(http::header::CONTENT_TYPE)?.split(';').next().map(str::trim)
    }
}

#[cfg(test)]
mod tests;

//! Stripe's error object.
//!
//! Sources: <https://docs.stripe.com/api/errors>, <https://docs.stripe.com/error-codes>.

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::handle_once::{Answer, RUDE, Refusals};

/// What every request may be refused as.
pub(super) const REFUSALS: Refusals = Refusals {
    down: || Refusal::down().into(),
    throttled: || Refusal::throttled().into(),
    other_request: || Refusal::other_request().into(),
    in_flight: || Refusal::in_flight().into(),
    broken: || Refusal::broken().into(),
    rude: Refusal::rude,
};

const INVALID_REQUEST: &str = "invalid_request_error";
const INVALID: StatusCode = StatusCode::BAD_REQUEST;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
    code: Option<&'static str>,
    param: Option<String>,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let mut error = Map::from_iter([
            ("type".to_owned(), json!(refusal.kind)),
            ("message".to_owned(), json!(refusal.message)),
        ]);
        if let Some(code) = refusal.code {
            error.insert("code".to_owned(), json!(code));
            error.insert(
                "doc_url".to_owned(),
                json!(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"))),
            );
        }
        if let Some(param) = refusal.param {
            error.insert("param".to_owned(), json!(param));
        }
        Self::new(refusal.status, json!({"error": Value::Object(error)}))
    }
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), code: None, param: None }
    }

    pub(super) fn invalid(param: &str, message: impl Into<String>) -> Self {
        let param = Some(param.to_owned());
        Self { param, ..Self::new(INVALID, INVALID_REQUEST, message) }
    }

    pub(super) fn with_code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub(super) fn missing(param: &str) -> Self {
        Self::invalid(param, format!("Missing required param: {param}."))
            .with_code("parameter_missing")
    }

    pub(super) fn unknown_parameter(param: &str) -> Self {
        Self::invalid(param, format!("Received unknown parameter: {param}"))
            .with_code("parameter_unknown")
    }

    pub(super) fn not_an_integer(param: &str, value: &str) -> Self {
        Self::invalid(param, format!("Invalid integer: {value}"))
            .with_code("parameter_invalid_integer")
    }

    /// An object that a parameter names and that does not exist.
    pub(super) fn no_such(object: &str, id: &str, param: &str) -> Self {
        Self::invalid(param, format!("No such {object}: '{id}'")).with_code("resource_missing")
    }

    pub(super) fn no_such_intent(id: &str, param: &str) -> Self {
        let refusal = Self::no_such("payment_intent", id, param);
        Self { status: StatusCode::NOT_FOUND, ..refusal }
    }

    pub(super) fn no_such_refund(id: &str) -> Self {
        Self::not_found("refund", id)
    }

    /// An object whose URL does not exist.
    pub(super) fn not_found(object: &str, id: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::no_such(object, id, "id") }
    }

    /// Stripe's answer has neither a code nor a parameter by which it could be recognised.
    pub(super) fn of_another_customer() -> Self {
        let message = "The PaymentMethod belongs to another Customer than the one supplied.";
        Self::new(INVALID, INVALID_REQUEST, message)
    }

    pub(super) fn no_such_url(method: &Method, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: {path}).");
        Self::new(StatusCode::NOT_FOUND, INVALID_REQUEST, message)
    }

    pub(super) fn no_api_key() -> Self {
        let message = "You did not provide an API key. Send it as 'Authorization: Bearer sk_…'.";
        Self::new(StatusCode::UNAUTHORIZED, INVALID_REQUEST, message)
    }

    /// The key is not repeated, not even in part.
    pub(super) fn invalid_api_key() -> Self {
        let message = "Invalid API Key provided: a secret key begins with sk_.";
        Self::new(StatusCode::UNAUTHORIZED, INVALID_REQUEST, message)
    }

    pub(super) fn key_too_long() -> Self {
        let message = "Idempotency keys are at most 255 characters long.";
        Self::new(INVALID, "idempotency_error", message)
    }

    pub(super) fn other_request() -> Self {
        let message = "Keys for idempotent requests can only be used with the endpoint and the \
                       parameters they were first used with; use another key for this request.";
        Self::new(INVALID, "idempotency_error", message)
    }

    pub(super) fn in_flight() -> Self {
        let message = "Another request with this idempotency key is in progress; try again later.";
        Self::new(StatusCode::CONFLICT, "idempotency_error", message)
            .with_code("idempotency_key_in_use")
    }

    pub(super) fn throttled() -> Self {
        let message = "Too many requests; slow down and try again.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, INVALID_REQUEST, message).with_code("rate_limit")
    }

    /// What no caller may repeat: a refusal whose every text names a person.
    pub(super) fn rude(status: StatusCode) -> Answer {
        let kind =
            if status == StatusCode::PAYMENT_REQUIRED { "card_error" } else { INVALID_REQUEST };
        let error = json!({
            "type": kind,
            "code": format!("no {RUDE}"),
            "decline_code": format!("refused {RUDE}"),
            "message": format!("{RUDE} was refused"),
        });
        Answer::new(status, json!({"error": error}))
    }

    /// A server error that may have come after the work.
    pub(super) fn broken() -> Self {
        let message = "Something went wrong on our side.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "api_error", message)
    }

    /// An intent that cannot become what is asked for any more, or not yet.
    pub(super) fn unexpected_state(message: impl Into<String>) -> Self {
        Self::new(INVALID, INVALID_REQUEST, message).with_code("payment_intent_unexpected_state")
    }

    pub(super) fn down() -> Self {
        let message = "The service is unavailable; try again later.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "api_error", message)
    }
}

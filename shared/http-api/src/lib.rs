//! Requests and responses of a function behind an HTTP API (payload format 2.0): claims, strict
//! bodies, problem documents, cursors.
//!
//! A handler reads what it needs through a [`Request`], where every refusal is a [`Problem`] that
//! names the field, and answers with a [`Reply`]. Both become the response that API Gateway takes.
//!
//! ```
//! use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
//! use http::StatusCode;
//! use http_api::{Problem, Reply, Request};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Greeting {
//!     name: String,
//! }
//!
//! fn greet(event: &ApiGatewayV2httpRequest) -> Result<ApiGatewayV2httpResponse, Problem> {
//!     let request = Request::new(event);
//!     let user = request.caller("greetings:write")?;
//!     let Greeting { name } = request.json_body()?;
//!     Ok(Reply::json(StatusCode::OK, &format!("{user} greets {name}"))?.into())
//! }
//!
//! let refused = greet(&ApiGatewayV2httpRequest::default()).unwrap_err();
//! assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
//! ```

mod body;
mod caller;
mod cursor;
mod problem;
mod reply;
mod request;
mod trace;

pub use body::BODY_BYTES_MAX;
pub use cursor::{CURSOR_BYTES_MAX, cursor};
pub use problem::{FieldError, Problem};
pub use reply::Reply;
pub use request::{IDEMPOTENCY_KEY_BYTES_MAX, PAGE_DEFAULT, PAGE_MAX, Request};
pub use trace::traceparent_of_xray;

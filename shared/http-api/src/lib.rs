#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod body;
mod caller;
mod card;
mod cursor;
mod iam;
mod observe;
mod problem;
mod reply;
mod request;
mod response;
mod scope;
mod text;

pub use body::BODY_BYTES_MAX;
pub use caller::{InvalidSubject, SUBJECT_BYTES_MAX, caller_id};
pub use card::{CARD_NUMBER, holds_card_number};
pub use cursor::{CURSOR_BYTES_MAX, cursor};
pub use iam::IamCaller;
pub use observe::observed;
pub use problem::{FieldError, Problem};
pub use reply::Reply;
pub use request::{IDEMPOTENCY_KEY_BYTES_MAX, PAGE_DEFAULT, PAGE_MAX, Request};
pub use scope::{InvalidScope, TokenScope};
pub use text::is_one_line;

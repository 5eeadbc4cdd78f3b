#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod entry;
mod publisher;
mod relay;
mod stored;
mod trace;

pub use publisher::{Limits, NotPublished, Published, Publisher};
pub use relay::relay;
pub use stored::{Unreadable, envelopes_of};

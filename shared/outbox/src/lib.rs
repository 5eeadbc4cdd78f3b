#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod dead_letters;
mod entry;
mod publisher;
mod relay;
mod sources;
mod stored;

pub use dead_letters::DeadLetters;
pub use publisher::{Limits, NotPublished, Published, Publisher};
pub use relay::Relay;
pub use sources::{Place, SourceRefused, Sources, SourcesError};
pub use stored::{Unreadable, envelopes_of, stored_events};

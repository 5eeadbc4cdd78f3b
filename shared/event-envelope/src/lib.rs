// Its second example needs the feature.
#![cfg_attr(any(feature = "aws", not(doctest)), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

#[cfg(feature = "aws")]
mod aws;
mod canonical;
mod decimal;
mod delivery;
mod envelope;
mod error;
mod excerpt;
mod id;
#[cfg(feature = "packed")]
mod packed;
mod read;
mod stored;
pub mod strict;
mod timestamp;
mod version;

#[cfg(feature = "aws")]
pub use aws::Decoder;
pub use canonical::canonical;
pub use decimal::Decimal;
pub use delivery::{Delivery, FromEnvelope, ReplayPolicy};
pub use envelope::{Actor, DEPTH_MAX, Draft, Envelope, Metadata, TooDeep, TooLarge};
pub use error::DecodeError;
pub use id::{AggregateId, CorrelationId, EventId, ID_BYTES_MAX, InvalidId, fingerprint};
#[cfg(feature = "packed")]
pub use packed::{Unpackable, pack, unpack};
pub use stored::{LEVELS_MAX, Unstorable};
pub use timestamp::instant;
pub use version::{InvalidVersion, Version};

/// The largest event, in bytes of JSON. EventBridge takes 1 MB, but an event is stored before it is
/// published, with others beside it, in DynamoDB items of at most 400 KB.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>.
pub const EVENT_BYTES_MAX: usize = 200 * 1024;

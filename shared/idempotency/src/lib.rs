#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod cache;
mod claim;
mod codec;
mod config;
#[cfg(feature = "testing")]
pub mod conformance;
mod dynamodb;
mod error;
#[cfg(feature = "lambda-events")]
mod events;
#[cfg(feature = "jmespath")]
mod expression;
#[cfg(feature = "http")]
pub mod http;
mod json;
mod key;
mod layer;
mod memory;
mod observation;
mod policy;
#[cfg(feature = "powertools")]
mod powertools;
mod record;
mod record_table;
mod service;
mod store;
mod unit;

pub use codec::{Codec, Json};
pub use config::{CLOCK_SKEW, IdempotencyConfig, LEASE, RESULT_BYTES_MAX, RETENTION};
pub use dynamodb::{
    ConditionFailed, DynamoDbStore, Layout, Write, check_event, is_cancelled_by_contention,
    is_contention, retry_on_contention,
};
pub use error::IdempotencyError;
pub use event_envelope::ReplayPolicy;
#[cfg(feature = "jmespath")]
pub use expression::{ByJmespath, Hashing};
pub use key::{ByKey, Identify, Identity, KEY_BYTES_MAX, Keyed, MissingKey};
pub use layer::IdempotencyLayer;
pub use memory::{MemoryConditionFailed, MemoryStore, MemoryWrite};
pub use record::{Record, Status, TakeoverCondition};
pub use record_table::RecordTable;
pub use service::Idempotent;
pub use store::{Store, Written};
pub use unit::{Attempt, Completion, UnitOfWork};

/// An item of a table.
pub type Item = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

/// The snippets of the guide are compiled as tests.
#[cfg(all(doctest, feature = "powertools", feature = "http"))]
#[doc = include_str!("../POWERTOOLS.md")]
mod powertools_guide {}

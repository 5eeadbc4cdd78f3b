#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod append;
mod decider;
mod due_entries;
mod execute;
#[cfg(any(test, feature = "testing"))]
pub mod scenario;
mod store;

pub use decider::Decider;
pub use due_entries::{DueEntries, DueEntry, Position, SHARDS};
pub use execute::{Causation, ExecuteError, Executed, begin, execute, state_of};
pub use store::{EventStore, StoreError};

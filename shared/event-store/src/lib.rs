#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod append;
mod decider;
mod execute;
mod marks;
#[cfg(any(test, feature = "testing"))]
pub mod scenario;
mod store;

pub use decider::Decider;
pub use execute::{ExecuteError, Executed, Lineage, begin, execute, state_of};
pub use marks::{Mark, Marks, Position, SHARDS};
pub use store::{EventStore, StoreError};

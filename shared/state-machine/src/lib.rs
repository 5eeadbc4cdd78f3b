#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod attempt;
mod cause;
mod host;
mod machine;
mod row;
mod table;

pub use cause::Cause;
pub use host::{Host, HostSettings, REVIEW_AFTER};
pub use machine::{Due, Machine};

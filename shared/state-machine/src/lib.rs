#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod config;
mod holder;
mod instance;
mod machine;
mod runner;
#[cfg(any(test, feature = "testing"))]
pub mod scenario;
mod step;
mod table;
mod trigger;

pub use config::{EXHAUSTED_AFTER, LEASE, RunnerConfig};
pub use machine::{Attempt, StateMachine};
pub use runner::{Handled, Runner};
pub use trigger::Trigger;

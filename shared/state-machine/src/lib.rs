#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod holder;
mod instance;
mod machine;
mod runner;
#[cfg(any(test, feature = "testing"))]
pub mod scenario;
mod step;
mod table;
mod trigger;

pub use machine::{Attempt, StateMachine};
pub use runner::{EXHAUSTED_AFTER, Handled, Runner, RunnerConfig};
pub use trigger::Trigger;

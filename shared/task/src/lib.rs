#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod invocation;
mod work;

pub use error::TaskError;
pub use invocation::{Answer, Invocation, answer};
pub use work::Task;

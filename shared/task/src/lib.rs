#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod invocation;
mod tasks;
mod work;

pub use error::TaskError;
pub use invocation::{Answer, Invocation, answer, answer_traced};
pub use tasks::Tasks;
pub use work::Task;

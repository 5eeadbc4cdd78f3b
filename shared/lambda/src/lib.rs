#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod batch;
mod consumer;
mod task;

pub use consumer::{Consumer, DeadLetterQueue, ReplayPolicy};
pub use task::{Answer, Invocation, Task, TaskError, Tasks, answer, answer_traced};

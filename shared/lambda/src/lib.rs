#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod batch;
mod consumer;
mod events;
mod function;
mod outcome;
mod queue_config;
mod task;

pub use consumer::{Consumer, DeadLetterQueue, ReplayPolicy};
pub use events::{EventHandler, TaskHandler, WithTasks, service};
pub use function::{FromFn, Function, Runtime, from_fn, run};
pub use lambda_runtime::Error;
pub use queue_config::QueueConfig;
pub use task::{Answer, Invocation, Task, TaskError, Tasks, answer, answer_traced};

//! A second entry of a function: the tasks of a Step Functions workflow.

mod error;
mod invocation;
mod tasks;
mod work;

pub use error::TaskError;
pub use invocation::{Answer, Invocation, answer, answer_traced};
pub use tasks::Tasks;
pub use work::Task;

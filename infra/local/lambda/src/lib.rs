//! Lambda on one machine: hosts compiled functions over the Runtime API, and feeds them from
//! queues and streams.
//!
//! [`LambdaHost`] runs each function's binary in execution environments (processes) of its own and
//! offers the Invoke API; [`event_source`] reads queues and streams and invokes functions with
//! what it finds, as Lambda's event source mappings do.
//!
//! What a machine cannot give is left out: memory limits are announced, not enforced, and an
//! environment is not frozen between invocations.
//!
//! A function's code is updated by another file in the place of its binary: put it there whole, by
//! renaming it, while invocations go on.

mod asynchronous;
mod code;
mod destination;
mod environment;
pub mod event_source;
mod fault;
mod function;
mod host;
mod identity;
mod invocation;
mod invoke_api;
mod options;
mod output;
mod pool;
mod process;
mod runtime_api;
mod spec;
mod state;

pub use function::FunctionStats;
pub use host::LambdaHost;
pub use invocation::{Invocation, InvokeError};
pub use options::HostOptions;
pub use output::{OutputLine, OutputSink, Source};
pub use spec::{AsyncConfig, FunctionSpec, HostError};

/// The largest payload of a synchronous invocation, in bytes, either way.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
pub const SYNC_PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;
/// The largest payload of an asynchronous invocation, in bytes.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
pub const ASYNC_PAYLOAD_BYTES_MAX: usize = 1024 * 1024;
/// The only version of a function here.
pub(crate) const VERSION: &str = "$LATEST";

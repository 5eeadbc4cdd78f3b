//! What stands behind the tasks of state machines: functions.

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// An invocation under way.
pub type Invocation<'a> = BoxFuture<'a, Result<Invoked, InvokeError>>;

/// The functions of the stack.
pub trait Tasks: Send + Sync + 'static {
    /// Invokes `function` (the `FunctionName` of a task: a name, or an ARN) with `payload`, which
    /// is JSON, and waits for its answer.
    ///
    /// When a task times out or its execution is stopped, its answer is dropped, but
    /// the function runs on, as on AWS: an implementation need not be safe to drop.
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> Invocation<'a>;
}

/// How an invocation that reached the function ended, whether well or in a function error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoked {
    /// The invocation's id.
    pub request_id: String,
    /// What the function answered, or the description of its error: JSON.
    pub payload: Bytes,
    /// `Unhandled` (or `Handled`) where the function failed, crashed or ran out of time.
    pub function_error: Option<String>,
}

/// Why an invocation did not reach the function: an exception of Lambda, or none at all.
///
/// A task reports them as `Lambda.<code>`. Those that pass by themselves are the ones that a
/// `Retry` should name.
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html>.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// The role of the state machine may not invoke the function.
    #[error("{0}")]
    AccessDenied(String),
    /// There is no such function, or no such version of it.
    #[error("{0}")]
    NotFound(String),
    /// The payload is over the limit of a synchronous invocation.
    #[error("{0}")]
    PayloadTooLarge(String),
    /// Too many invocations of the function are under way. It passes.
    #[error("{0}")]
    TooManyRequests(String),
    /// A fault of Lambda's own. It passes; the function may have run.
    #[error("{0}")]
    Service(String),
    /// Lambda was not reached, or did not answer. It passes; the function may have run.
    #[error("{0}")]
    Unreachable(String),
}

impl InvokeError {
    /// The code of the exception, and the HTTP status that it comes with.
    pub(crate) fn code(&self) -> (&'static str, Option<u16>) {
        match self {
            Self::AccessDenied(_) => ("AccessDeniedException", Some(403)),
            Self::NotFound(_) => ("ResourceNotFoundException", Some(404)),
            Self::PayloadTooLarge(_) => ("RequestTooLargeException", Some(413)),
            Self::TooManyRequests(_) => ("TooManyRequestsException", Some(429)),
            Self::Service(_) => ("ServiceException", Some(500)),
            Self::Unreachable(_) => ("SdkClientException", None),
        }
    }
}

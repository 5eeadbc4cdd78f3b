//! What can go wrong, and where.

use std::fmt;

/// Something that goes wrong at one point of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The process dies before the request is sent.
    CrashBefore,
    /// The process dies when the request has taken effect.
    CrashAfter,
    /// The request never arrives, and the caller is told that the connection broke.
    LoseRequest,
    /// The request takes effect, and the caller is told that the connection broke.
    LoseAnswer,
    /// A server error, without an effect.
    ErrorBefore,
    /// A server error after the request took effect.
    ErrorAfter,
    /// Too many requests.
    Throttle,
    /// Another transaction holds the item.
    Conflict,
    /// The bus takes only some entries of `PutEvents`.
    Partial,
    /// The caller is told that the connection broke; the request arrives later all the same.
    Late,
    /// No answer ever comes, and nothing happens.
    Hang,
    /// The event is delivered again, minutes or hours later.
    Duplicate,
    /// The event is delivered minutes, hours or a day later.
    Delay,
    /// The queue does not take the event at the first attempt.
    Refuse,
    /// The messages become visible while they are worked on.
    Expire,
    /// Something that is no event lies in the queue as well.
    Poison,
    /// What the function answers does not arrive, or is no answer.
    Mangle,
    /// Lambda ends the process at some moment of the invocation, whatever it is doing.
    Kill,
    /// Two processes work on the same records of a stream.
    Twice,
    /// The read answers what was true some seconds ago.
    Stale,
    /// The process is frozen before the request is sent, and goes on minutes later.
    FreezeBefore,
    /// The process is frozen when the request has taken effect, and goes on minutes later.
    FreezeAfter,
    /// The function may not do anything for some minutes: a deployment broke its role.
    Deny,
    /// The service outside of AWS is unavailable for minutes or hours.
    Outage,
    /// The provider answers 500, has done nothing, and repeats that answer under the same key.
    KeepError,
    /// The provider answers 500, has done what was asked, and repeats that answer under the same
    /// key.
    KeepErrorAfter,
    /// The request takes effect without an answer, and when the provider is available again it has
    /// forgotten every idempotency key.
    ForgetKeys,
    /// The same records of a stream are delivered again, minutes or hours later.
    Repeat,
    /// A record of the stream cannot be read.
    Malformed,
    /// A stream is not read for longer than it keeps its records. An operator publishes them again.
    Gap,
}

impl Fault {
    /// How often it is injected, as a part of the rate of all faults: what lasts is seldom, or
    /// there would be little else.
    pub(crate) const fn share(self) -> f64 {
        match self {
            Self::Deny | Self::Outage | Self::Gap => 0.02,
            Self::ForgetKeys => 0.1,
            Self::FreezeBefore | Self::FreezeAfter | Self::Malformed => 0.25,
            Self::CrashBefore
            | Self::CrashAfter
            | Self::LoseRequest
            | Self::LoseAnswer
            | Self::ErrorBefore
            | Self::ErrorAfter
            | Self::Throttle
            | Self::Conflict
            | Self::Partial
            | Self::Late
            | Self::Hang
            | Self::Duplicate
            | Self::Delay
            | Self::Refuse
            | Self::Expire
            | Self::Poison
            | Self::Mangle
            | Self::Kill
            | Self::Twice
            | Self::Stale
            | Self::KeepError
            | Self::KeepErrorAfter
            | Self::Repeat => 1.0,
        }
    }
}

/// Where something can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// A request to DynamoDB that writes.
    Write,
    /// A request to DynamoDB that reads what is true.
    Read,
    /// A request to DynamoDB that reads what was true a moment ago, or is: it does not ask for a
    /// consistent read.
    EventualRead,
    /// `PutEvents`.
    Publish,
    /// A request to SQS from a function.
    Queue,
    /// A mail.
    Mail,
    /// A request to the payment provider or the carrier.
    Provider,
    /// The bus hands an event to a queue.
    Delivery,
    /// Lambda hands a batch of a queue to a function.
    Batch,
    /// Lambda hands a batch of a table's stream to a function.
    Stream,
    /// A request to Step Functions that starts an execution.
    Start,
    /// A workflow invokes a function.
    Task,
}

impl Site {
    /// What can go wrong here. What is new is added at the end: so the seeds of a profile that does
    /// without it stay the worlds that they were.
    #[expect(clippy::too_many_lines, reason = "a table: a line for each fault of each site")]
    pub const fn faults(self) -> &'static [Fault] {
        use Fault::{
            Conflict, CrashAfter, CrashBefore, Delay, Deny, Duplicate, ErrorAfter, ErrorBefore,
            Expire, ForgetKeys, FreezeAfter, FreezeBefore, Gap, Hang, KeepError, KeepErrorAfter,
            Kill, Late, LoseAnswer, LoseRequest, Malformed, Mangle, Outage, Partial, Poison,
            Refuse, Repeat, Stale, Throttle, Twice,
        };
        match self {
            Self::Write => &[
                CrashBefore,
                CrashAfter,
                LoseRequest,
                LoseAnswer,
                ErrorBefore,
                ErrorAfter,
                Throttle,
                Conflict,
                Late,
                Hang,
                FreezeBefore,
                FreezeAfter,
                Deny,
            ],
            Self::Read => &[
                CrashBefore,
                CrashAfter,
                LoseAnswer,
                ErrorBefore,
                Throttle,
                Hang,
                FreezeBefore,
                FreezeAfter,
                Deny,
            ],
            Self::EventualRead => &[
                CrashBefore,
                CrashAfter,
                LoseAnswer,
                ErrorBefore,
                Throttle,
                Hang,
                FreezeBefore,
                FreezeAfter,
                Deny,
                Stale,
            ],
            Self::Publish => &[
                CrashBefore,
                CrashAfter,
                LoseRequest,
                LoseAnswer,
                ErrorBefore,
                ErrorAfter,
                Throttle,
                Partial,
                Late,
                Hang,
                FreezeBefore,
                FreezeAfter,
                Deny,
            ],
            Self::Queue => &[
                CrashBefore,
                CrashAfter,
                LoseRequest,
                LoseAnswer,
                ErrorBefore,
                Hang,
                FreezeBefore,
                FreezeAfter,
                Deny,
            ],
            Self::Start => &[
                CrashBefore,
                CrashAfter,
                LoseRequest,
                LoseAnswer,
                ErrorBefore,
                Throttle,
                Late,
                Hang,
                FreezeBefore,
                FreezeAfter,
                Deny,
            ],
            Self::Mail => &[
                CrashBefore,
                CrashAfter,
                LoseRequest,
                LoseAnswer,
                ErrorBefore,
                Throttle,
                Late,
                Hang,
                FreezeBefore,
                FreezeAfter,
                Deny,
                Outage,
            ],
            Self::Provider => &[
                CrashBefore,
                CrashAfter,
                LoseRequest,
                LoseAnswer,
                ErrorBefore,
                Throttle,
                Late,
                Hang,
                FreezeBefore,
                FreezeAfter,
                Outage,
                KeepError,
                KeepErrorAfter,
                ForgetKeys,
            ],
            Self::Delivery => &[Duplicate, Delay, Refuse],
            Self::Batch => &[Expire, Poison, Mangle, Kill, Delay],
            Self::Stream => &[Twice, Mangle, Kill, Delay, Repeat, Malformed, Gap],
            Self::Task => &[Twice, Mangle, Kill, Delay, ErrorBefore, Throttle],
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A fault at one point of a run: points are counted from 0 in the order in which they are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InjectedFault {
    /// The point.
    pub at: u64,
    /// What goes wrong there.
    pub fault: Fault,
}

impl fmt::Display for InjectedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.fault, self.at)
    }
}

/// A point that a run met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Its number, from 0.
    pub at: u64,
    /// Of which kind it is.
    pub site: Site,
    /// Who did what, such as `payment#2 UpdateItem`.
    pub what: String,
    /// When, in milliseconds of virtual time.
    pub millisecond: u64,
}

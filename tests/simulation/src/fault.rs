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
    /// What the function answers does not arrive, or makes no sense.
    Mangle,
    /// Lambda ends the process at some moment of the invocation, whatever it is doing.
    Kill,
    /// Two processes work on the same records of a stream.
    Twice,
}

/// Where something can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// A request to DynamoDB that writes.
    Write,
    /// A request to DynamoDB that reads.
    Read,
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
    /// What can go wrong here.
    pub const fn faults(self) -> &'static [Fault] {
        use Fault::{
            Conflict, CrashAfter, CrashBefore, Delay, Duplicate, ErrorAfter, ErrorBefore, Expire,
            Hang, Kill, Late, LoseAnswer, LoseRequest, Mangle, Partial, Poison, Refuse, Throttle,
            Twice,
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
            ],
            Self::Read => &[CrashBefore, CrashAfter, LoseAnswer, ErrorBefore, Throttle, Hang],
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
            ],
            Self::Queue => &[CrashBefore, CrashAfter, LoseRequest, LoseAnswer, ErrorBefore, Hang],
            Self::Mail | Self::Provider | Self::Start => &[
                CrashBefore,
                CrashAfter,
                LoseRequest,
                LoseAnswer,
                ErrorBefore,
                Throttle,
                Late,
                Hang,
            ],
            Self::Delivery => &[Duplicate, Delay, Refuse],
            Self::Batch => &[Expire, Poison, Mangle, Kill, Delay],
            Self::Stream => &[Twice, Mangle, Kill, Delay],
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

use std::time::Duration;

use runtime::{BoxError, Done, chain};
use tracing::{debug, error, info, warn};

/// How the handling of one record ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The handler is done with it.
    Done(Done),
    /// An archive sent it again, and this consumer takes no replays.
    ReplayRefused {
        /// The replay.
        replay: String,
    },
    /// Nobody here knows its type.
    UnknownType,
    /// It can never succeed, and lies in the dead-letter queue.
    DeadLettered {
        /// What is wrong with it.
        reason: BoxError,
    },
    /// It can never succeed, but could not be dead-lettered.
    NotDeadLettered {
        /// What is wrong with it.
        reason: BoxError,
        /// Why it could not be dead-lettered.
        error: BoxError,
    },
    /// It is odd, and has no id: nothing names it but its whole batch.
    Unnamed {
        /// What is wrong with it.
        reason: BoxError,
    },
    /// The time of its invocation ended first.
    Abandoned,
    /// It may succeed later.
    Retry {
        /// What stood in the way.
        reason: BoxError,
        /// How long it stays hidden.
        delay: Duration,
    },
}

impl Outcome {
    /// Whether the record may be deleted from its queue.
    pub(crate) const fn is_settled(&self) -> bool {
        match self {
            Self::Done(_)
            | Self::ReplayRefused { .. }
            | Self::UnknownType
            | Self::DeadLettered { .. } => true,
            Self::NotDeadLettered { .. }
            | Self::Unnamed { .. }
            | Self::Abandoned
            | Self::Retry { .. } => false,
        }
    }

    /// How it ended, in one word.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Done(Done::Handled) => "handled",
            Self::Done(Done::Rejected) => "rejected",
            Self::Done(Done::Duplicate) => "duplicate",
            Self::Done(Done::Ignored) => "ignored",
            Self::ReplayRefused { .. } => "replay_refused",
            Self::UnknownType => "unknown_type",
            Self::DeadLettered { .. } => "dead_lettered",
            Self::NotDeadLettered { .. } => "not_dead_lettered",
            Self::Unnamed { .. } => "unnamed",
            Self::Abandoned => "abandoned",
            Self::Retry { .. } => "retry",
        }
    }

    /// Says so, once, as loudly as somebody should look.
    pub(crate) fn log(&self) {
        let outcome = self.as_str();
        match self {
            Self::Done(Done::Handled | Done::Rejected | Done::Duplicate) => info!(outcome),
            Self::Done(Done::Ignored) => debug!(outcome),
            Self::ReplayRefused { replay } => info!(outcome, replay),
            Self::UnknownType => {
                warn!(outcome, "a rule sends events that nobody here knows");
            }
            Self::DeadLettered { reason } => {
                error!(outcome, reason = chain(reason.as_ref()));
            }
            Self::NotDeadLettered { reason, error } => error!(
                outcome,
                reason = chain(reason.as_ref()),
                error = chain(error.as_ref()),
                "the queue's own redrive has to dead-letter it"
            ),
            Self::Unnamed { reason } => error!(
                outcome,
                reason = chain(reason.as_ref()),
                "nothing names the record, so the whole batch comes again"
            ),
            Self::Abandoned => warn!(outcome, "the invocation has no time left"),
            Self::Retry { reason, delay } => {
                warn!(outcome, reason = chain(reason.as_ref()), delay_s = delay.as_secs())
            }
        }
    }
}

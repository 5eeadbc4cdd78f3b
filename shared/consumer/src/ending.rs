use std::time::Duration;

use outcome::{BoxError, Done, chain};
use tracing::{debug, error, info, warn};

/// How the handling of one record ended.
#[derive(Debug)]
pub(crate) enum Ending {
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
    Parked {
        /// What is wrong with it.
        reason: BoxError,
    },
    /// It can never succeed, but could not be parked.
    NotParked {
        /// What is wrong with it.
        reason: BoxError,
        /// Why it could not be parked.
        error: BoxError,
    },
    /// It may succeed later.
    Retry {
        /// What stood in the way.
        reason: BoxError,
        /// How long it stays hidden.
        delay: Duration,
    },
}

impl Ending {
    /// Whether the record may be deleted from its queue.
    pub(crate) const fn is_settled(&self) -> bool {
        match self {
            Self::Done(_)
            | Self::ReplayRefused { .. }
            | Self::UnknownType
            | Self::Parked { .. } => true,
            Self::NotParked { .. } | Self::Retry { .. } => false,
        }
    }

    /// Says so, once, as loudly as somebody should look.
    pub(crate) fn log(&self) {
        match self {
            Self::Done(Done::Handled) => info!(outcome = "handled"),
            Self::Done(Done::Rejected) => info!(outcome = "rejected"),
            Self::Done(Done::Duplicate) => info!(outcome = "duplicate"),
            Self::Done(Done::Ignored) => debug!(outcome = "ignored"),
            Self::ReplayRefused { replay } => info!(outcome = "replay_refused", replay),
            Self::UnknownType => {
                warn!(outcome = "unknown_type", "a rule sends events that nobody here knows");
            }
            Self::Parked { reason } => {
                error!(outcome = "parked", reason = chain(reason.as_ref()));
            }
            Self::NotParked { reason, error } => error!(
                outcome = "not_parked",
                reason = chain(reason.as_ref()),
                error = chain(error.as_ref()),
                "the queue's own redrive has to park it"
            ),
            Self::Retry { reason, delay } => {
                warn!(outcome = "retry", reason = chain(reason.as_ref()), delay_s = delay.as_secs())
            }
        }
    }
}

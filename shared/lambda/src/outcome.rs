//! How one record ended, whatever its source.

use std::time::Duration;

use runtime::Done;
use tracing::{debug, error, info, warn};

/// How the handling of one record ended. Reasons are whole chains of causes, as text.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The handler has handled it.
    Done(Done),
    /// An archive sent it again, and this consumer takes no replays.
    ReplayRefused {
        /// The replay.
        replay: String,
    },
    /// The consumer does not subscribe to its type.
    UnknownType,
    /// A permanent failure, which lies in the dead-letter queue.
    DeadLettered {
        /// What is wrong with it.
        reason: String,
    },
    /// A permanent failure that could not be dead-lettered.
    NotDeadLettered {
        /// What is wrong with it.
        reason: String,
        /// Why it could not be dead-lettered.
        error: String,
    },
    /// A permanent failure that is left to the limits of its source.
    Left {
        /// What is wrong with it.
        reason: String,
    },
    /// It is malformed and has no id: nothing names it but its whole batch.
    Unnamed {
        /// What is wrong with it.
        reason: String,
    },
    /// The time of its invocation ended first.
    Abandoned,
    /// It may succeed later.
    Retry {
        /// Why it failed.
        reason: String,
        /// How long it stays hidden, where the consumer sets that.
        delay: Option<Duration>,
    },
}

impl Outcome {
    /// Whether the source may forget the record.
    pub(crate) const fn is_complete(&self) -> bool {
        match self {
            Self::Done(_)
            | Self::ReplayRefused { .. }
            | Self::UnknownType
            | Self::DeadLettered { .. } => true,
            Self::NotDeadLettered { .. }
            | Self::Left { .. }
            | Self::Unnamed { .. }
            | Self::Abandoned
            | Self::Retry { .. } => false,
        }
    }

    /// Whether it is a permanent failure.
    pub(crate) const fn is_permanent(&self) -> bool {
        matches!(
            self,
            Self::DeadLettered { .. }
                | Self::NotDeadLettered { .. }
                | Self::Left { .. }
                | Self::Unnamed { .. }
        )
    }

    /// The outcome in one word.
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
            Self::Left { .. } => "left",
            Self::Unnamed { .. } => "unnamed",
            Self::Abandoned => "abandoned",
            Self::Retry { .. } => "retry",
        }
    }

    /// Writes one line, at the level that the operator should see it at.
    pub(crate) fn log(&self) {
        let outcome = self.as_str();
        match self {
            Self::Done(Done::Handled | Done::Rejected | Done::Duplicate) => info!(outcome),
            Self::Done(Done::Ignored) => debug!(outcome),
            Self::ReplayRefused { replay } => info!(outcome, replay),
            Self::UnknownType => {
                warn!(outcome, "a rule sends events that this consumer does not subscribe to");
            }
            Self::DeadLettered { reason } => error!(outcome, reason),
            Self::NotDeadLettered { reason, error } => {
                error!(outcome, reason, error, "its source delivers it again");
            }
            Self::Left { reason } => error!(outcome, reason, "its source delivers it again"),
            Self::Unnamed { reason } => {
                error!(
                    outcome,
                    reason, "nothing names the record, so the whole batch is delivered again"
                );
            }
            Self::Abandoned => warn!(outcome, "the invocation has no time left"),
            Self::Retry { reason, delay } => {
                let delay_s = delay.map(|delay| delay.as_secs());
                warn!(outcome, reason, delay_s);
            }
        }
    }
}

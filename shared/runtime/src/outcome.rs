//! How the handling of one record ends.

use std::{error::Error, fmt, time::Duration};

/// Any error.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The record needs no further delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It took effect.
    Handled,
    /// It had taken effect before; nothing changed.
    Duplicate,
    /// The business rejected it, and an event is published about that.
    Rejected,
    /// It does not concern this consumer.
    Ignored,
}

/// The record did not take effect.
#[derive(Debug)]
pub enum Failure {
    /// It may succeed later: a throttle, a conflict, a store that is unavailable, an event that
    /// came early.
    Retry {
        /// The error that caused it.
        reason: BoxError,
        /// How long to wait.
        wait: Wait,
    },
    /// A permanent failure: it can never succeed, and is dead-lettered with the reason.
    Permanent {
        /// The error that caused it.
        reason: BoxError,
    },
}

/// How long to wait before the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Unknown: longer each time.
    Unknown,
    /// So long at least; an earlier attempt would fail too.
    AtLeast(Duration),
    /// So long at most.
    AtMost(Duration),
}

impl Failure {
    /// A failure that may pass.
    pub fn retry(reason: impl Into<BoxError>) -> Self {
        Self::Retry { reason: reason.into(), wait: Wait::Unknown }
    }

    /// A failure that will not pass before `after`, e.g. the `Retry-After` of a provider.
    pub fn retry_after(reason: impl Into<BoxError>, after: Duration) -> Self {
        Self::Retry { reason: reason.into(), wait: Wait::AtLeast(after) }
    }

    /// A failure that will have passed in `within`, and most often sooner: a lease that is held.
    pub fn retry_within(reason: impl Into<BoxError>, within: Duration) -> Self {
        Self::Retry { reason: reason.into(), wait: Wait::AtMost(within) }
    }

    /// A failure that no further attempt can cure: the record is dead-lettered.
    pub fn permanent(reason: impl Into<BoxError>) -> Self {
        Self::Permanent { reason: reason.into() }
    }

    /// Whether another delivery may succeed.
    pub fn is_retry(&self) -> bool {
        matches!(self, Self::Retry { .. })
    }

    fn reason(&self) -> &BoxError {
        match self {
            Self::Retry { reason, .. } | Self::Permanent { reason } => reason,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retry { .. } => "to be retried: ",
            Self::Permanent { .. } => "permanent failure: ",
        })?;
        f.write_str(&chain(self.reason().as_ref()))
    }
}

impl Error for Failure {}

/// An error with everything that caused it, in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors repeat their cause in their own text.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the table is unavailable")]
    struct Unavailable(#[source] std::io::Error);

    #[test]
    fn a_failure_names_its_whole_chain() {
        let failure = Failure::retry(Unavailable(std::io::Error::other("connection refused")));
        assert_eq!(
            failure.to_string(),
            "to be retried: the table is unavailable: connection refused"
        );
        assert!(failure.is_retry());
        assert!(!Failure::permanent("no id").is_retry());
    }
}

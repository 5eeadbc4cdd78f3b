//! Errors of bodies that are not events that can be handled.

use crate::{Version, excerpt::start, strict::StrictError};

/// How long a reason may be, in characters.
const REASON_CHARS_MAX: usize = 300;

/// Why a body is not an event that can be handled. A retry does not help with any of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body is not JSON, or breaks a limit.
    #[error("body: {0}")]
    Body(#[from] StrictError),
    /// A field is missing or invalid.
    #[error("{field}: {reason}")]
    Field {
        /// The field, as a path.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The entry on the bus and the envelope in it disagree.
    #[error("{field} is {envelope:?} in the envelope but {entry:?} on the bus")]
    Disagreement {
        /// The name of the envelope's field.
        field: &'static str,
        /// Its value in the envelope.
        envelope: String,
        /// Its value in the entry on the bus.
        entry: String,
    },
    /// The consumer does not know this type.
    #[error("event type {0:?} is unknown here")]
    UnknownType(String),
    /// The version is newer than this code.
    #[error(
        "{event_type} {version} is newer than the {known} known here: deploy the newer code, then redrive"
    )]
    UnknownVersion {
        /// The event type.
        event_type: String,
        /// Its version.
        version: Version,
        /// The newest version this code reads.
        known: Version,
    },
    /// This version is not published any more: only replays of an archive deliver it.
    #[error("{event_type} {version} is not published any more: the oldest is {oldest}")]
    RetiredVersion {
        /// The event type.
        event_type: String,
        /// Its version.
        version: Version,
        /// The oldest version that may still be published.
        oldest: Version,
    },
}

impl DecodeError {
    /// A field that is missing or wrong. Of a very long `reason` only the start is kept.
    pub fn field(field: impl Into<String>, reason: impl ToString) -> Self {
        let reason = start(&reason.to_string(), REASON_CHARS_MAX).to_owned();
        Self::Field { field: field.into(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_repeats_only_the_start_of_a_long_reason() {
        let error = DecodeError::field("data", "x".repeat(5000));
        assert_eq!(error.to_string().len(), "data: ".len() + REASON_CHARS_MAX);
    }
}

//! Why a request did not take effect, as a type that a caller can tell apart.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use event_envelope::Unstorable;
use runtime::{BoxError, Failure, chain};

/// Why a request was not let through, or its effect not kept.
///
/// The layer hands it on as the reason of a [`Failure`]; [`IdempotencyError::of`] finds it there.
/// The text of each says in one line everything that is known: a store's code and message, or why
/// it was not reached.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// Another attempt at the same request is under way. Try again after what is left of its
    /// lease, or sooner: most holders end before.
    #[error("{id}: another attempt holds the lease")]
    InProgress {
        /// The record.
        id: String,
        /// What is left of the lease; unknown when its holder stated none.
        left: Option<Duration>,
    },
    /// The lease ended before the effect was recorded, and somebody else took over. Nothing of
    /// this attempt was written. Try again: the other one's result is then there.
    #[error("{id}: the lease was lost, another attempt took over; nothing was written")]
    LeaseLost {
        /// The record.
        id: String,
    },
    /// The same key came before with another payload: somebody reuses keys. Never try again.
    #[error("{id}: the same key came before with another payload")]
    PayloadMismatch {
        /// The record.
        id: String,
    },
    /// The request names no key, and the guard requires one. The sender has to add it.
    #[error("{consumer}: the request has no idempotency key")]
    MissingKey {
        /// Who requires one.
        consumer: String,
    },
    /// The request could not be asked for its key. The sender has to correct it.
    #[error("the idempotency key cannot be read: {}", chain(.0.as_ref()))]
    UnreadableKey(#[source] BoxError),
    /// The key is longer than a store takes. The sender has to shorten it, or the guard to hash it.
    #[error("the idempotency key has {bytes} bytes, the limit is {max}")]
    KeyTooLong {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// Something is larger than the store takes. The handler has to write less at once.
    #[error("{what} of {bytes} bytes is too large, the limit is {max}")]
    TooLarge {
        /// The result, an event, an item or the whole transaction.
        what: String,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        max: usize,
    },
    /// More writes than one transaction takes. The handler has to write less at once.
    #[error("{writes} writes with the record among them, a transaction takes {max}")]
    TooManyWrites {
        /// How many there are.
        writes: usize,
        /// How many there may be.
        max: usize,
    },
    /// An event says what the store cannot hold. The handler has to say it in another way.
    #[error("{what} cannot be stored: {source}")]
    Unstorable {
        /// The event.
        what: String,
        /// Where in it, and what.
        source: Unstorable,
    },
    /// The codec could not write or read the result.
    #[error("the result of {id} cannot be {verb}: {}", chain(source.as_ref()))]
    Codec {
        /// The record.
        id: String,
        /// `encoded` or `decoded`.
        verb: &'static str,
        /// What the codec says.
        source: BoxError,
    },
    /// The record is not one that this version of the library wrote, or the table not as stated.
    /// A person has to look.
    #[error("{id}: the record cannot be read: {reason}")]
    Unreadable {
        /// The record.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What the handler decided on has changed since, and keeps changing. Try again.
    #[error("{id}: what the handler decides on keeps changing")]
    Contended {
        /// The record.
        id: String,
    },
    /// The store cannot be reached, or is too busy. Try again: without a store nothing is handled.
    #[error("the store is away: {}", chain(.0.as_ref()))]
    Away(#[source] BoxError),
    /// The store refuses the request for good. A person has to look.
    #[error("the store refuses: {}", chain(.0.as_ref()))]
    Refused(#[source] BoxError),
}

impl IdempotencyError {
    /// The error that a failure carries, if it is one of these.
    pub fn of(failure: &Failure) -> Option<&Self> {
        match failure {
            Failure::Retry { reason, .. } | Failure::Permanent { reason } => reason.downcast_ref(),
        }
    }

    /// Whether another attempt may succeed.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::InProgress { .. }
            | Self::LeaseLost { .. }
            | Self::Contended { .. }
            | Self::Away(_) => true,
            Self::PayloadMismatch { .. }
            | Self::MissingKey { .. }
            | Self::UnreadableKey(_)
            | Self::KeyTooLong { .. }
            | Self::TooLarge { .. }
            | Self::TooManyWrites { .. }
            | Self::Unstorable { .. }
            | Self::Codec { .. }
            | Self::Unreadable { .. }
            | Self::Refused(_) => false,
        }
    }
}

impl<E> From<SdkError<E>> for IdempotencyError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    /// A request that can never be carried out is refused; everything else may pass.
    fn from(error: SdkError<E>) -> Self {
        let invalid = matches!(
            error.code(),
            Some(
                "ValidationException"
                    | "SerializationException"
                    | "ItemCollectionSizeLimitExceededException"
            )
        );
        if invalid { Self::Refused(error.into()) } else { Self::Away(error.into()) }
    }
}

impl From<IdempotencyError> for Failure {
    fn from(error: IdempotencyError) -> Self {
        if let IdempotencyError::InProgress { left: Some(left), .. } = error {
            Self::retry_within(error, left)
        } else if error.is_retryable() {
            Self::retry(error)
        } else {
            Self::permanent(error)
        }
    }
}

//! Why a request did not take effect, as a type that a caller can match on.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use event_envelope::Unstorable;
use runtime::{BoxError, Failure, chain};

/// Why a request was not handled, or its result not stored.
///
/// The layer returns it as the reason of a [`Failure`]; [`IdempotencyError::of`] finds it there.
/// The text of each is one line with all that is known: a store's code and message, or why it was
/// not reached.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// Another attempt at the same request is in progress. Retry after what is left of its
    /// lease, or sooner: most holders end before that.
    #[error("{id}: another attempt holds the lease")]
    InProgress {
        /// The record's id: consumer, version and key.
        id: String,
        /// What is left of the lease; unknown when its holder stated none.
        left: Option<Duration>,
    },
    /// The lease ended before the result was recorded, and another attempt took over. Nothing of
    /// this attempt was written. Retry: the other one's result is then there.
    #[error("{id}: the lease was lost, another attempt took over; nothing was written")]
    LeaseLost {
        /// The record's id: consumer, version and key.
        id: String,
    },
    /// The same key came before with another payload: a sender reuses keys. A permanent failure.
    #[error("{id}: the same key came before with another payload")]
    PayloadMismatch {
        /// The record's id: consumer, version and key.
        id: String,
    },
    /// The request names no key, and the consumer requires one. The sender has to add it.
    #[error("{consumer}: the request has no idempotency key")]
    MissingKey {
        /// The consumer that requires one.
        consumer: String,
    },
    /// The key of the request cannot be read. The sender has to correct it.
    #[error("the idempotency key cannot be read: {}", chain(.0.as_ref()))]
    UnreadableKey(#[source] BoxError),
    /// The key is longer than a store takes. The sender has to shorten it, or the consumer to hash
    /// it.
    #[error("the idempotency key has {bytes} bytes, the limit is {max}")]
    KeyTooLong {
        /// The length of the key, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        max: usize,
    },
    /// A write is larger than the store takes. The handler has to write less at once.
    #[error("{what} of {bytes} bytes is too large, the limit is {max}")]
    TooLarge {
        /// The result, an event, an item or the whole transaction.
        what: String,
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// More writes than one transaction takes. The handler has to write less at once.
    #[error("{writes} writes with the record among them, a transaction takes {max}")]
    TooManyWrites {
        /// How many writes there are, that of the record included.
        writes: usize,
        /// How many there may be.
        max: usize,
    },
    /// An event has data that the store cannot hold. The handler has to change it.
    #[error("{what} cannot be stored: {source}")]
    Unstorable {
        /// The event's type, in words.
        what: String,
        /// The place in it, and what is wrong there.
        source: Unstorable,
    },
    /// The codec could not write or read the result.
    #[error("the result of {id} cannot be {verb}: {}", chain(source.as_ref()))]
    Codec {
        /// The record's id: consumer, version and key.
        id: String,
        /// `encoded` or `decoded`.
        verb: &'static str,
        /// The codec's error.
        source: BoxError,
    },
    /// The record is not one that this version of the library wrote, or the table has another
    /// layout. This needs manual intervention.
    #[error("{id}: the record cannot be read: {reason}")]
    Unreadable {
        /// The record's id: consumer, version and key.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The items that the handler decides on change with each attempt. Retry.
    #[error("{id}: the items that the handler decides on keep changing")]
    Contended {
        /// The record's id: consumer, version and key.
        id: String,
    },
    /// The store cannot be reached, or throttles. Retry: without a store nothing is handled.
    #[error("the store is unavailable: {}", chain(.0.as_ref()))]
    Unavailable(#[source] BoxError),
    /// The store refuses the request for good. This needs manual intervention.
    #[error("the store refuses the request: {}", chain(.0.as_ref()))]
    Invalid(#[source] BoxError),
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
            | Self::Unavailable(_) => true,
            Self::PayloadMismatch { .. }
            | Self::MissingKey { .. }
            | Self::UnreadableKey(_)
            | Self::KeyTooLong { .. }
            | Self::TooLarge { .. }
            | Self::TooManyWrites { .. }
            | Self::Unstorable { .. }
            | Self::Codec { .. }
            | Self::Unreadable { .. }
            | Self::Invalid(_) => false,
        }
    }
}

impl<E> From<SdkError<E>> for IdempotencyError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    /// A request that can never succeed is invalid; every other error may pass.
    fn from(error: SdkError<E>) -> Self {
        let invalid = matches!(
            error.code(),
            Some(
                "ValidationException"
                    | "SerializationException"
                    | "ItemCollectionSizeLimitExceededException"
            )
        );
        if invalid { Self::Invalid(error.into()) } else { Self::Unavailable(error.into()) }
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

//! The outcome of a request, for logs and metrics.

use runtime::Failure;

use crate::IdempotencyError;

/// The outcome of one request, as the field `outcome` of logs and metrics has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Observation {
    /// It took effect.
    New,
    /// It had taken effect before.
    Duplicate,
    /// It had taken effect before, as the cache of this process shows.
    CacheHit,
    /// Another attempt was in progress.
    Conflict,
    /// Another attempt had taken over its lease.
    LeaseLost,
    /// Its key came before with another payload.
    Mismatch,
    /// It named no valid key.
    BadKey,
    /// It was a replay from an archive, and the policy refuses those.
    ReplayRefused,
    /// The handler, or the store, failed.
    Failed,
}

impl Observation {
    const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Duplicate => "duplicate",
            Self::CacheHit => "cache_hit",
            Self::Conflict => "conflict",
            Self::LeaseLost => "lease_lost",
            Self::Mismatch => "mismatch",
            Self::BadKey => "bad_key",
            Self::ReplayRefused => "replay_refused",
            Self::Failed => "failed",
        }
    }

    /// The outcome that a failure counts as.
    pub(crate) fn of(failure: &Failure) -> Self {
        match IdempotencyError::of(failure) {
            Some(IdempotencyError::InProgress { .. }) => Self::Conflict,
            Some(IdempotencyError::LeaseLost { .. }) => Self::LeaseLost,
            Some(IdempotencyError::PayloadMismatch { .. }) => Self::Mismatch,
            Some(
                IdempotencyError::MissingKey { .. }
                | IdempotencyError::UnreadableKey(_)
                | IdempotencyError::KeyTooLong { .. },
            ) => Self::BadKey,
            Some(
                IdempotencyError::TooLarge { .. }
                | IdempotencyError::TooManyWrites { .. }
                | IdempotencyError::Unstorable { .. }
                | IdempotencyError::Codec { .. }
                | IdempotencyError::Unreadable { .. }
                | IdempotencyError::Contended { .. }
                | IdempotencyError::Unavailable(_)
                | IdempotencyError::Invalid(_),
            )
            | None => Self::Failed,
        }
    }

    /// Writes it to the log and counts it. Duplicates and conflicts are normal; a payload that
    /// changed under its key is not.
    pub(crate) fn note(self, consumer: &str) {
        let outcome = self.as_str();
        tracing::Span::current().record("outcome", outcome);
        match self {
            Self::New => tracing::debug!(outcome, "idempotency"),
            Self::Duplicate
            | Self::CacheHit
            | Self::Conflict
            | Self::ReplayRefused
            | Self::Failed => tracing::info!(outcome, "idempotency"),
            Self::LeaseLost => tracing::warn!(outcome, "idempotency"),
            Self::Mismatch | Self::BadKey => tracing::error!(outcome, "idempotency"),
        }
        #[cfg(feature = "metrics")]
        metrics::counter!(
            "idempotency_requests_total",
            "consumer" => consumer.to_owned(),
            "outcome" => outcome,
        )
        .increment(1);
        #[cfg(not(feature = "metrics"))]
        let _ = consumer;
    }
}

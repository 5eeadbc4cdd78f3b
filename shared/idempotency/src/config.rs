//! The configuration of one consumer: its records, their retention, and when a lease is taken over.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use event_envelope::ReplayPolicy;
use runtime::{Clock, IdGenerator};

use crate::{MissingKey, Store, cache::Cache};

/// How long records are kept unless stated: as long as SQS keeps a message at most, so that one
/// that is moved back from a dead-letter queue on its last day is still known.
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>.
pub const RETENTION: Duration = Duration::from_hours(14 * 24);
/// How long a holder may take, by default.
pub const LEASE: Duration = Duration::from_mins(1);
/// By how much clocks may differ unless stated. Lambda's are kept in step to far less.
pub const CLOCK_SKEW: Duration = Duration::from_secs(1);
/// The largest result unless stated, in bytes of its codec's text. An item takes 400 KB, in which
/// the events to publish have to find room too.
pub const RESULT_BYTES_MAX: usize = 200 * 1024;

/// Lets each request of one consumer take effect once, by records in a [`Store`].
///
/// A store retries on contention for two seconds, or as long as the invocation has: set its
/// deadline by `runtime::with_deadline(clock.until(event.context.deadline), work)` around the
/// handler.
#[derive(Debug, Clone)]
pub struct IdempotencyConfig<S> {
    pub(crate) store: S,
    pub(crate) consumer: Arc<str>,
    pub(crate) replays: ReplayPolicy,
    pub(crate) clock: Clock,
    pub(crate) version: Option<Arc<str>>,
    pub(crate) retention: Duration,
    pub(crate) lease: Duration,
    pub(crate) clock_skew: Duration,
    pub(crate) missing_key: MissingKey,
    pub(crate) result_bytes_max: usize,
    pub(crate) tokens: IdGenerator,
    pub(crate) cache: Option<Cache>,
}

impl<S: Store> IdempotencyConfig<S> {
    /// The configuration of `consumer`, whose records are apart from those of all others in
    /// `store`.
    ///
    /// `replays` sets whether replays from an archive are handled: [`ReplayPolicy::Accept`] for
    /// projections, [`ReplayPolicy::Refuse`] for side effects on money, stock or mail, which a
    /// replay older than the retention would repeat.
    pub fn new(store: S, consumer: impl Into<Arc<str>>, replays: ReplayPolicy) -> Self {
        Self {
            store,
            consumer: consumer.into(),
            replays,
            clock: Clock::system(),
            version: None,
            retention: RETENTION,
            lease: LEASE,
            clock_skew: CLOCK_SKEW,
            missing_key: MissingKey::default(),
            result_bytes_max: RESULT_BYTES_MAX,
            tokens: IdGenerator::random(),
            cache: None,
        }
    }

    /// How long a record is kept once it is complete. Beyond it only natural keys protect.
    #[must_use]
    pub fn retention(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// How long a holder may take before another one may try, whatever the function's timeout is.
    /// Longer than the timeout means that no live holder loses its lease; shorter, that a crashed
    /// one is taken over sooner. Either way a holder that lost its lease writes nothing.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// By how much clocks may differ: a lease is over when it has ended by the clock of the
    /// attempt that takes over, and this much more.
    #[must_use]
    pub fn clock_skew(self, clock_skew: Duration) -> Self {
        Self { clock_skew, ..self }
    }

    /// A version of the key. With another one no earlier record is found: for a handler that is to
    /// repeat its side effects.
    #[must_use]
    pub fn version(self, version: impl Into<Arc<str>>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// What happens to requests that name no key. They are refused by default.
    #[must_use]
    pub fn missing_key(self, missing_key: MissingKey) -> Self {
        Self { missing_key, ..self }
    }

    /// The largest result that is stored, in bytes of its codec's text.
    #[must_use]
    pub fn result_bytes_max(self, result_bytes_max: usize) -> Self {
        Self { result_bytes_max, ..self }
    }

    /// Caches the last `size` completed records in the process, so that their duplicates need no
    /// round trip. There is no cache by default.
    #[must_use]
    pub fn cache(self, size: NonZeroUsize) -> Self {
        Self { cache: Some(Cache::of(size)), ..self }
    }

    /// Takes the time from `clock`, and fencing tokens from `tokens`.
    #[must_use]
    pub fn with(self, clock: Clock, tokens: IdGenerator) -> Self {
        Self { clock, tokens, ..self }
    }
}

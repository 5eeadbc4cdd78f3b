//! What a process has let through itself, before the read model knows of it.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use event_envelope::AggregateId;
use lru::LruCache;
use time::OffsetDateTime;

/// The most customers remembered; the one that has placed none for longest is forgotten first. It
/// takes as many others at once to be forgotten while one still is to wait.
const CUSTOMERS_MAX: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// A bucket of tokens for each customer: full at first, one taken by each order, and filled at an
/// even pace. Kept as the time at which it is full again, which is all that is needed.
#[derive(Debug, Clone)]
pub(super) struct Recent {
    full_at: Arc<Mutex<LruCache<AggregateId, OffsetDateTime>>>,
    /// In what time an empty bucket is full.
    window: Duration,
    /// In what time it gains a token.
    pace: Duration,
}

impl Recent {
    /// Lets `most` orders through at once, and as many in each `window` from then on.
    pub(super) fn new(most: u16, window: Duration) -> Self {
        let full_at = Arc::new(Mutex::new(LruCache::new(CUSTOMERS_MAX)));
        Self { full_at, window, pace: window / u32::from(most.max(1)) }
    }

    /// Takes a token of `customer`'s, or returns in what time there is one.
    pub(super) fn admit(
        &self,
        customer: &AggregateId,
        now: OffsetDateTime,
    ) -> Result<(), Duration> {
        // A panic while the lock was held leaves a whole cache: nothing here is done in two steps.
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let known = full_at.get(customer).copied().unwrap_or(now);
        // With a clock that was set back no customer waits for longer than for an empty bucket.
        let next = known.clamp(now, now + self.window) + self.pace;
        let over = Duration::try_from(next - now).unwrap_or_default();
        match over.checked_sub(self.window).filter(|wait| !wait.is_zero()) {
            Some(wait) => Err(wait),
            None => {
                full_at.put(customer.clone(), next);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2025-11-17 10:30 UTC);
    const MINUTE: Duration = Duration::from_secs(60);

    fn id(text: &str) -> AggregateId {
        AggregateId::parse(text).unwrap()
    }

    #[test]
    fn a_burst_takes_all_and_then_there_is_one_at_a_time() {
        let recent = Recent::new(4, MINUTE);
        let ada = id("ada");
        for _ in 0..4 {
            assert_eq!(recent.admit(&ada, NOW), Ok(()));
        }
        assert_eq!(recent.admit(&ada, NOW), Err(Duration::from_secs(15)));
        assert_eq!(recent.admit(&ada, NOW + Duration::from_secs(14)), Err(Duration::from_secs(1)));
        assert_eq!(recent.admit(&ada, NOW + Duration::from_secs(15)), Ok(()));
        assert_eq!(recent.admit(&ada, NOW + Duration::from_secs(15)), Err(Duration::from_secs(15)));
        // What is not taken does not add up to more than a bucket.
        let later = NOW + Duration::from_secs(3_600);
        let admitted = (0..10).filter(|_| recent.admit(&ada, later).is_ok());
        assert_eq!(admitted.count(), 4);
    }

    #[test]
    fn customers_have_buckets_of_their_own_and_few_are_remembered() {
        let recent = Recent::new(1, MINUTE);
        for number in 0..CUSTOMERS_MAX.get() + 1 {
            assert_eq!(recent.admit(&id(&format!("user-{number}")), NOW), Ok(()));
        }
        assert_eq!(recent.full_at.lock().unwrap().len(), CUSTOMERS_MAX.get());
        assert!(recent.admit(&id("user-1000"), NOW).is_err());
        assert_eq!(recent.admit(&id("user-0"), NOW), Ok(()), "the first was forgotten");
    }

    #[test]
    fn a_clock_that_is_set_back_locks_no_customer_out() {
        let recent = Recent::new(1, MINUTE);
        let ada = id("ada");
        assert_eq!(recent.admit(&ada, NOW), Ok(()));
        let wait = recent.admit(&ada, NOW - Duration::from_secs(86_400)).unwrap_err();
        assert_eq!(wait, MINUTE);
    }

    /// Sixty has no divisor 7: a fraction of a nanosecond costs no customer a token.
    #[test]
    fn a_limit_that_does_not_divide_a_minute_is_the_limit() {
        for most in [1, 7, 11, 59, 977] {
            let recent = Recent::new(most, MINUTE);
            let admitted = (0..2_000).filter(|_| recent.admit(&id("ada"), NOW).is_ok()).count();
            assert_eq!(admitted, usize::from(most));
        }
    }
}

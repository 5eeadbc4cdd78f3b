//! The limits of AWS and of the providers, scaled down, and what has met them.

use std::{collections::BTreeMap, time::Duration};

use parking_lot::Mutex;

/// By how much rates are smaller than deployed.
const RATES: f64 = 250.0;
/// By how much concurrency is smaller than deployed: less than one invocation is not possible, and
/// most functions have ten.
const CONCURRENCY: u32 = 10;
/// The least that `MaximumConcurrency` of a mapping can be.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>.
const PER_MAPPING_MIN: u32 = 2;
/// What a partition takes at once, in units: a second's worth, but never less than a few requests,
/// which are not scaled down.
const UNITS_AT_ONCE_MIN: f64 = 20.0;
/// What a provider or the bus takes at once, for the same reason: of few orders more come in the same
/// second by chance, in proportion, than of many.
const CALLS_AT_ONCE_MIN: f64 = 5.0;

/// The limits of AWS and of the providers, as rates each a part in 250 of what it is deployed. So a
/// world of one order in two seconds is as close to its limits as one of 125 orders a second.
///
/// Requests, items and pauses are as large and as long as ever: what counts is how much is asked for
/// a second, in relation to what is given.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Units a second for each partition key.
    write_units: f64,
    read_units: f64,
    /// Entries of `PutEvents` a second.
    entries: f64,
    /// Calls a second of each provider; without end if none.
    provider_calls: Option<f64>,
}

impl Limits {
    /// A partition of DynamoDB takes 1,000 write units and 3,000 read units a second, a bus 10,000
    /// entries in `us-east-1`, and a payment provider 100 calls.
    /// Sources: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>,
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>,
    /// <https://docs.stripe.com/rate-limits>.
    pub fn scaled() -> Self {
        Self {
            write_units: 1_000.0 / RATES,
            read_units: 3_000.0 / RATES,
            entries: 10_000.0 / RATES,
            provider_calls: Some(100.0 / RATES),
        }
    }

    /// The same with a bus that takes so many entries a second, before it is scaled down: 400 in
    /// the smallest regions.
    #[must_use]
    pub fn with_entries(self, entries: f64) -> Self {
        Self { entries: entries / RATES, ..self }
    }

    /// The same with providers that take every call.
    #[must_use]
    pub fn with_patient_providers(self) -> Self {
        Self { provider_calls: None, ..self }
    }
}

/// A time in which the payment provider answers late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slowness {
    /// From when on, since the beginning.
    pub from: Duration,
    /// When it answers as ever again.
    pub until: Duration,
    /// How long each call takes.
    pub takes: Duration,
}

/// How much is left of something that comes back with time.
#[derive(Debug)]
struct Bucket {
    left: f64,
    at: u64,
}

/// What is asked of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
}

/// How much of each limit is used, and how often one was met.
#[derive(Debug)]
pub(crate) struct Quotas {
    limits: Limits,
    buckets: Mutex<BTreeMap<String, Bucket>>,
    throttles: Mutex<BTreeMap<String, u64>>,
}

impl Quotas {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, buckets: Mutex::default(), throttles: Mutex::default() }
    }

    /// How many invocations of a function with this reserved concurrency may run at a time: none of
    /// one that has none.
    pub(crate) fn reserved(declared: u32) -> u32 {
        (declared / CONCURRENCY).max(declared.min(1))
    }

    /// How many batches of a mapping with this `MaximumConcurrency` may run at a time.
    pub(crate) fn per_mapping(declared: u32) -> u32 {
        (declared / CONCURRENCY).max(PER_MAPPING_MIN)
    }

    /// Takes note of a refusal.
    pub(crate) fn count(&self, what: String) {
        *self.throttles.lock().entry(what).or_default() += 1;
    }

    /// How often each limit was met.
    pub(crate) fn throttles(&self) -> BTreeMap<String, u64> {
        self.throttles.lock().clone()
    }

    /// Whether a partition still takes requests of this kind at this millisecond.
    pub(crate) fn has_units(&self, access: Access, partition: &str, now: u64) -> bool {
        let (key, rate) = self.of_partition(access, partition);
        self.left(key, rate, rate.max(UNITS_AT_ONCE_MIN), now) > 0.0
    }

    /// Takes what a request has consumed. As DynamoDB does, it may take more than there is: later
    /// requests wait for it.
    pub(crate) fn take_units(&self, access: Access, partition: &str, units: f64) {
        let (key, _) = self.of_partition(access, partition);
        self.take(&key, units);
    }

    fn of_partition(&self, access: Access, partition: &str) -> (String, f64) {
        let rate = match access {
            Access::Write => self.limits.write_units,
            Access::Read => self.limits.read_units,
        };
        (format!("{access:?} {partition}"), rate)
    }

    /// Whether the bus takes one more entry, which is then taken.
    pub(crate) fn takes_entry(&self, now: u64) -> bool {
        self.takes_one("the bus", self.limits.entries, now)
    }

    /// Whether a provider takes one more call, which is then taken.
    pub(crate) fn takes_call(&self, provider: &str, now: u64) -> bool {
        self.limits.provider_calls.is_none_or(|rate| self.takes_one(provider, rate, now))
    }

    fn takes_one(&self, what: &str, rate: f64, now: u64) -> bool {
        let takes = self.left(what.to_owned(), rate, rate.max(CALLS_AT_ONCE_MIN), now) > 0.0;
        if takes {
            self.take(what, 1.0);
        }
        takes
    }

    fn left(&self, key: String, rate: f64, most: f64, now: u64) -> f64 {
        let mut buckets = self.buckets.lock();
        let bucket = buckets.entry(key).or_insert(Bucket { left: most, at: now });
        let passed = Duration::from_millis(now.saturating_sub(bucket.at)).as_secs_f64();
        bucket.left = rate.mul_add(passed, bucket.left).min(most);
        bucket.at = now;
        bucket.left
    }

    fn take(&self, key: &str, units: f64) {
        if let Some(bucket) = self.buckets.lock().get_mut(key) {
            bucket.left -= units;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_takes_what_is_there_and_then_what_comes_back() {
        let quotas = Quotas::new(Limits::scaled());
        assert!(quotas.has_units(Access::Write, "stock 1", 0));
        // A request is larger than what is left: later ones wait for it.
        quotas.take_units(Access::Write, "stock 1", UNITS_AT_ONCE_MIN + 4.0);
        assert!(!quotas.has_units(Access::Write, "stock 1", 900));
        assert!(quotas.has_units(Access::Write, "stock 1", 1_100));
        assert!(quotas.has_units(Access::Write, "stock 2", 0));
        assert!(quotas.has_units(Access::Read, "stock 1", 0));
    }

    #[test]
    fn concurrency_is_scaled_down_to_no_less_than_there_can_be() {
        assert_eq!([50, 10, 1, 0].map(Quotas::reserved), [5, 1, 1, 0]);
        assert_eq!([50, 10, 2].map(Quotas::per_mapping), [5, 2, 2]);
    }
}

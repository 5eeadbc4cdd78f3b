//! The interface of a store of records.

use std::{fmt::Debug, future::Future};

use crate::{IdempotencyError, Record, TakeoverCondition};

/// Where records are stored. [`DynamoDbStore`](crate::DynamoDbStore) and
/// [`MemoryStore`](crate::MemoryStore) are two; the suite in `idempotency::conformance` (feature
/// `testing`) checks a third one.
///
/// Every write is conditional and atomic: the record together with the `writes` beside it, or
/// nothing. A store retries on contention (conflicts, throttles) for a while, and recognizes its
/// own write when the answer to it was lost: it then finds a record with the same fencing token.
pub trait Store: Clone + Debug + Send + Sync + 'static {
    /// A write of the handler's own, committed together with the record.
    type Write: Clone + Debug + Send + Sync;
    /// Such a write whose condition failed.
    type ConditionFailed: Clone + Debug + Send + Sync;

    /// Puts `record` and does `writes`, if there is no record in its place or `takeover` allows.
    ///
    /// # Errors
    ///
    /// [`IdempotencyError::Unavailable`] when it is not known whether anything was written;
    /// [`TooLarge`](IdempotencyError::TooLarge), [`TooManyWrites`](IdempotencyError::TooManyWrites)
    /// or [`Invalid`](IdempotencyError::Invalid) when it can never be written.
    fn put(
        &self,
        record: &Record,
        writes: &[Self::Write],
        takeover: TakeoverCondition,
    ) -> impl Future<Output = Result<Written<Self::ConditionFailed>, IdempotencyError>> + Send;

    /// Completes the record that the attempt of `record` holds, and performs `writes`. The
    /// condition is [`Record::is_held_by`]; the end of the lease alone does not matter.
    ///
    /// # Errors
    ///
    /// As [`Store::put`].
    fn complete(
        &self,
        record: &Record,
        writes: &[Self::Write],
    ) -> impl Future<Output = Result<Written<Self::ConditionFailed>, IdempotencyError>> + Send;

    /// Ends the lease with this `fencing_token` at once, and keeps the record of the attempt.
    /// Changes nothing if another attempt holds the record.
    ///
    /// # Errors
    ///
    /// As [`Store::put`].
    fn release(
        &self,
        id: &str,
        fencing_token: &str,
    ) -> impl Future<Output = Result<(), IdempotencyError>> + Send;
}

/// How a conditional write ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Written<F> {
    /// All of it was written.
    Yes {
        /// Whether it took over from an attempt that did not complete, however long ago.
        resumed: bool,
    },
    /// Nothing was written: this record is there, or none that could be completed.
    Existing(Option<Box<Record>>),
    /// Nothing was written: the conditions of these of the handler's own writes failed.
    ConditionFailed(Vec<F>),
}

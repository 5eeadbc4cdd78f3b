//! What a store of records has to be able to do.

use std::{fmt::Debug, future::Future};

use crate::{IdempotencyError, Record, TakeoverCondition};

/// Where records lie. [`DynamoDbStore`](crate::DynamoDbStore) and
/// [`MemoryStore`](crate::MemoryStore) are two; the suite in `idempotency::conformance` (feature
/// `testing`) says whether a third one is one.
///
/// Every write is conditional and atomic: the record together with the `writes` beside it, or
/// nothing. A store retries what only met others (conflicts, throttles) for a while, and knows its
/// own write when the answer to it was lost: it then meets a record of the same owner.
pub trait Store: Clone + Debug + Send + Sync + 'static {
    /// A write of the handler's own, committed together with the record.
    type Write: Clone + Debug + Send + Sync;
    /// Such a write whose condition did not hold.
    type Refused: Clone + Debug + Send + Sync;

    /// Puts `record` and does `writes`, if there is no record in its place or `vacancy` allows.
    ///
    /// # Errors
    ///
    /// [`IdempotencyError::Away`] when it is not known whether anything was written; what can
    /// never be written is `TooLarge`, `TooManyWrites` or `Refused`.
    fn put(
        &self,
        record: &Record,
        writes: &[Self::Write],
        vacancy: TakeoverCondition,
    ) -> impl Future<Output = Result<Written<Self::Refused>, IdempotencyError>> + Send;

    /// Completes the record that the owner of `record` holds, and does `writes`. The condition is
    /// [`Record::is_held_by`]; the end of the lease alone does not matter.
    ///
    /// # Errors
    ///
    /// As [`Store::put`].
    fn complete(
        &self,
        record: &Record,
        writes: &[Self::Write],
    ) -> impl Future<Output = Result<Written<Self::Refused>, IdempotencyError>> + Send;

    /// Ends the lease of `owner` at once, and leaves the trace of the attempt. Changes nothing if
    /// somebody else holds the record.
    ///
    /// # Errors
    ///
    /// As [`Store::put`].
    fn release(
        &self,
        id: &str,
        owner: &str,
    ) -> impl Future<Output = Result<(), IdempotencyError>> + Send;
}

/// How a conditional write ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Written<F> {
    /// All of it was written.
    Yes {
        /// Whether it took the place of an attempt that did not complete, however long ago.
        resumed: bool,
    },
    /// Nothing was: this record stands in the place, or none does that could be completed.
    Existing(Option<Box<Record>>),
    /// Nothing was: the record could be written, but these of the handler's writes could not.
    Refused(Vec<F>),
}

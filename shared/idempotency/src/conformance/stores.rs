//! Stores around the store under test.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{IdempotencyError, Record, Store, TakeoverCondition, Written};

/// A store that sends every request twice and returns the second answer, as an SDK does that lost
/// the first one on the way and sends its request again.
#[derive(Debug, Clone)]
pub(super) struct Repeating<S>(pub(super) S);

impl<S: Store> Store for Repeating<S> {
    type Write = S::Write;
    type ConditionFailed = S::ConditionFailed;

    async fn put(
        &self,
        record: &Record,
        writes: &[S::Write],
        takeover: TakeoverCondition,
    ) -> Result<Written<S::ConditionFailed>, IdempotencyError> {
        self.0.put(record, writes, takeover).await?;
        self.0.put(record, writes, takeover).await
    }

    async fn complete(
        &self,
        record: &Record,
        writes: &[S::Write],
    ) -> Result<Written<S::ConditionFailed>, IdempotencyError> {
        self.0.complete(record, writes).await?;
        self.0.complete(record, writes).await
    }

    async fn release(&self, id: &str, fencing_token: &str) -> Result<(), IdempotencyError> {
        self.0.release(id, fencing_token).await?;
        self.0.release(id, fencing_token).await
    }
}

/// A store that counts its calls.
#[derive(Debug, Clone)]
pub(super) struct Counting<S> {
    pub(super) store: S,
    pub(super) calls: Arc<AtomicUsize>,
}

impl<S: Store> Store for Counting<S> {
    type Write = S::Write;
    type ConditionFailed = S::ConditionFailed;

    async fn put(
        &self,
        record: &Record,
        writes: &[S::Write],
        takeover: TakeoverCondition,
    ) -> Result<Written<S::ConditionFailed>, IdempotencyError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.store.put(record, writes, takeover).await
    }

    async fn complete(
        &self,
        record: &Record,
        writes: &[S::Write],
    ) -> Result<Written<S::ConditionFailed>, IdempotencyError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.store.complete(record, writes).await
    }

    async fn release(&self, id: &str, fencing_token: &str) -> Result<(), IdempotencyError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.store.release(id, fencing_token).await
    }
}

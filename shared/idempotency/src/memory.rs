//! Records in memory: for tests of handlers, and for experiments.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use event_envelope::Envelope;
use serde_json::Value;

use crate::{IdempotencyError, Record, Status, Store, TakeoverCondition, Written};

/// Stores records, and the writes of handlers, in the memory of one process. Clones share it.
///
/// It is a store like any other, with the same conditions and the same atomic commit, and loses
/// everything when the process ends.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    records: HashMap<String, Record>,
    values: HashMap<String, Value>,
    published: Vec<Envelope>,
}

/// A write to the values of a [`MemoryStore`], or a check of them.
#[derive(Clone)]
pub struct MemoryWrite(Arc<Change>);

type Change = dyn Fn(&mut HashMap<String, Value>) -> Result<(), String> + Send + Sync;

impl MemoryWrite {
    /// Changes the values, or returns why they cannot be changed so; nothing is then written at
    /// all.
    pub fn new(
        change: impl Fn(&mut HashMap<String, Value>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(change))
    }
}

impl fmt::Debug for MemoryWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryWrite")
    }
}

/// A write whose condition failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryConditionFailed {
    /// The index of the write, in the order in which they were added.
    pub write: usize,
    /// The reason, as the write returned it.
    pub reason: String,
}

impl MemoryStore {
    /// A store without records.
    pub fn new() -> Self {
        Self::default()
    }

    /// The record `id`.
    pub fn record(&self, id: &str) -> Option<Record> {
        self.with(|memory| memory.records.get(id).cloned())
    }

    /// A value that a [`MemoryWrite`] wrote.
    pub fn value(&self, key: &str) -> Option<Value> {
        self.with(|memory| memory.values.get(key).cloned())
    }

    /// The events that were committed to be published, in order.
    pub fn published(&self) -> Vec<Envelope> {
        self.with(|memory| memory.published.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Memory) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Memory {
    /// Writes everything, or nothing and returns the failed conditions.
    fn commit(&mut self, record: &Record, writes: &[MemoryWrite]) -> Vec<MemoryConditionFailed> {
        let mut values = self.values.clone();
        let mut failed = Vec::new();
        for (write, change) in writes.iter().enumerate() {
            if let Err(reason) = (change.0)(&mut values) {
                failed.push(MemoryConditionFailed { write, reason });
            }
        }
        if failed.is_empty() {
            self.values = values;
            self.published.extend(record.outgoing.iter().cloned());
            self.records.insert(record.id.clone(), record.clone());
        }
        failed
    }
}

impl Store for MemoryStore {
    type Write = MemoryWrite;
    type ConditionFailed = MemoryConditionFailed;

    async fn put(
        &self,
        record: &Record,
        writes: &[MemoryWrite],
        takeover: TakeoverCondition,
    ) -> Result<Written<MemoryConditionFailed>, IdempotencyError> {
        Ok(self.with(|memory| {
            let there = memory.records.get(&record.id);
            match there {
                Some(there) if !takeover.allows(there, record) => {
                    return Written::Existing(Some(Box::new(there.clone())));
                }
                _ => {}
            }
            let resumed = there.is_some_and(|there| there.status == Status::InProgress);
            match memory.commit(record, writes) {
                failed if failed.is_empty() => Written::Yes { resumed },
                failed => Written::ConditionFailed(failed),
            }
        }))
    }

    async fn complete(
        &self,
        record: &Record,
        writes: &[MemoryWrite],
    ) -> Result<Written<MemoryConditionFailed>, IdempotencyError> {
        let fencing_token = record.fencing_token.as_deref().unwrap_or_default();
        Ok(self.with(|memory| match memory.records.get(&record.id) {
            Some(there) if there.is_held_by(fencing_token) => match memory.commit(record, writes) {
                failed if failed.is_empty() => Written::Yes { resumed: false },
                failed => Written::ConditionFailed(failed),
            },
            there => Written::Existing(there.cloned().map(Box::new)),
        }))
    }

    async fn release(&self, id: &str, fencing_token: &str) -> Result<(), IdempotencyError> {
        self.with(|memory| {
            if let Some(there) =
                memory.records.get_mut(id).filter(|record| record.is_held_by(fencing_token))
            {
                there.lease_until = Some(time::OffsetDateTime::UNIX_EPOCH);
            }
        });
        Ok(())
    }
}

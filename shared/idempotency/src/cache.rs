//! Completed records that this process has seen, so that a duplicate needs no call to the store.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;

use crate::Record;

/// A bounded cache, shared by the clones of a configuration and by the invocations of one process.
#[derive(Debug, Clone)]
pub(crate) struct Cache(Arc<Mutex<LruCache<String, Record>>>);

impl Cache {
    pub(crate) fn of(size: NonZeroUsize) -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(size))))
    }

    pub(crate) fn get(&self, id: &str) -> Option<Record> {
        self.with(|records| records.get(id).cloned())
    }

    /// Caches a completed record. (Another process may change one in progress.)
    pub(crate) fn put(&self, record: &Record) {
        let record = Record { outgoing: Vec::new(), ..record.clone() };
        self.with(|records| records.put(record.id.clone(), record));
    }

    pub(crate) fn remove(&self, id: &str) {
        self.with(|records| records.pop(id));
    }

    /// A panic while the lock was held leaves a valid cache: no update here has two steps.
    fn with<T>(&self, act: impl FnOnce(&mut LruCache<String, Record>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

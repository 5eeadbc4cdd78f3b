//! What a process remembers of products that are spread over shards.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use event_envelope::AggregateId;
use lru::LruCache;

/// The most products remembered. Few products are ordered many times a second.
const PRODUCTS_MAX: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// Over how many shards a product is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spread {
    /// The shards that orders take from first.
    pub(crate) shards: u8,
    /// The shards that may hold stock: these, and those of earlier spreads.
    pub(crate) rows: u8,
}

impl Spread {
    /// A product in one item, as nearly all are.
    pub(crate) const NONE: Self = Self { shards: 1, rows: 1 };
}

/// Guesses, so that an order need not read how a product is spread. A wrong one is refused by the
/// condition of the write, and costs a round trip.
#[derive(Debug, Clone)]
pub(crate) struct ShardCache(Arc<Mutex<LruCache<AggregateId, Spread>>>);

impl ShardCache {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(PRODUCTS_MAX))))
    }

    /// How `product` was spread when it was last seen.
    pub(crate) fn of(&self, product: &AggregateId) -> Spread {
        self.with(|known| known.get(product).copied()).unwrap_or(Spread::NONE)
    }

    /// Remembers how `product` is spread.
    pub(crate) fn learn(&self, product: &AggregateId, spread: Spread) {
        self.with(|known| {
            if spread == Spread::NONE {
                known.pop(product);
            } else {
                known.put(product.clone(), spread);
            }
        });
    }

    /// A panic while the lock was held leaves a whole cache: nothing here is done in two steps.
    fn with<T>(&self, act: impl FnOnce(&mut LruCache<AggregateId, Spread>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

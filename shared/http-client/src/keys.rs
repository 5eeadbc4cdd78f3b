//! The key that a provider accepts, and how the next one is read.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use runtime::BoxError;
use tokio::{sync::Mutex, time::Instant};
use tracing::{info, warn};

use crate::ApiKey;

/// How long no key is read after one was: the secret store is not called once for each record.
pub(crate) const REREAD_AFTER: Duration = Duration::from_secs(60);

type Read = Pin<Box<dyn Future<Output = Result<ApiKey, BoxError>> + Send>>;

/// A key, and how to read the next. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Keys(Arc<Inner>);

struct Inner {
    current: RwLock<ApiKey>,
    read: Option<Box<dyn Fn() -> Read + Send + Sync>>,
    /// When a key was last read, or tried to be.
    last_read: Mutex<Option<Instant>>,
}

impl Keys {
    pub(crate) fn fixed(key: ApiKey) -> Self {
        Self::with(key, None)
    }

    pub(crate) fn renewed_by<F, E>(&self, read: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<ApiKey, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let read = move || -> Read {
            let reading = read();
            Box::pin(async move { reading.await.map_err(Into::into) })
        };
        Self::with(self.current(), Some(Box::new(read)))
    }

    fn with(key: ApiKey, read: Option<Box<dyn Fn() -> Read + Send + Sync>>) -> Self {
        let current = RwLock::new(key);
        let last_read = Mutex::new(None);
        Self(Arc::new(Inner { current, read, last_read }))
    }

    pub(crate) fn current(&self) -> ApiKey {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another key than `refused`, if there is one by now. Calls wait while it is read.
    pub(crate) async fn other_than(&self, refused: &ApiKey) -> Option<ApiKey> {
        let read = self.0.read.as_ref()?;
        let mut last_read = self.0.last_read.lock().await;
        let current = self.current();
        if current != *refused {
            return Some(current);
        }
        if last_read.is_some_and(|at| at.elapsed() < REREAD_AFTER) {
            return None;
        }
        *last_read = Some(Instant::now());
        match read().await {
            Ok(key) if key == *refused => None,
            Ok(key) => {
                info!("the provider refuses the API key, and there is another: it is used now");
                let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
                current.clone_from(&key);
                Some(key)
            }
            Err(error) => {
                let error: &(dyn std::error::Error + 'static) = error.as_ref();
                warn!(error, "the provider refuses the API key, and no other can be read");
                None
            }
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("can_renew", &self.0.read.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn key(text: &str) -> ApiKey {
        ApiKey::parse(text).unwrap()
    }

    /// Keys that are read from this text, and how often they were.
    fn keys(kept: &Arc<RwLock<Result<&'static str, &'static str>>>) -> (Keys, Arc<AtomicUsize>) {
        let reads = Arc::new(AtomicUsize::new(0));
        let counter = reads.clone();
        let kept = kept.clone();
        let read = move || {
            counter.fetch_add(1, Ordering::SeqCst);
            let kept = *kept.read().unwrap();
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                kept.map(key)
            }
        };
        (Keys::fixed(key("old")).renewed_by(read), reads)
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_read_again_at_most_once_a_minute() {
        let kept = Arc::new(RwLock::new(Ok("old")));
        let (keys, reads) = keys(&kept);
        assert_eq!(keys.other_than(&key("old")).await, None);
        *kept.write().unwrap() = Ok("new");
        tokio::time::advance(REREAD_AFTER - Duration::from_secs(1)).await;
        assert_eq!(keys.other_than(&key("old")).await, None);
        assert_eq!(reads.load(Ordering::SeqCst), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(keys.other_than(&key("old")).await, Some(key("new")));
        assert_eq!(keys.current(), key("new"));
        assert_eq!(reads.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_are_refused_at_once_wait_for_one_reading() {
        let (keys, reads) = keys(&Arc::new(RwLock::new(Ok("new"))));
        let old = key("old");
        let (first, second) = tokio::join!(keys.other_than(&old), keys.other_than(&old));
        assert_eq!([first, second], [Some(key("new")), Some(key("new"))]);
        assert_eq!(reads.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_cannot_be_read_leaves_the_old_one() {
        let (keys, reads) = keys(&Arc::new(RwLock::new(Err("no permission"))));
        for _ in 0..2 {
            assert_eq!(keys.other_than(&key("old")).await, None);
        }
        assert_eq!((keys.current(), reads.load(Ordering::SeqCst)), (key("old"), 1));
        assert!(!format!("{keys:?}").contains("old"));
    }
}

use std::{
    collections::HashMap,
    hash::Hash,
    num::NonZeroUsize,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tracing::warn;

/// How many ordering keys are processed at the same time by default. A batch of SQS
/// has ten records by default and up to ten thousand, one of a stream a hundred and as many.
pub const CONCURRENCY_MAX: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// What is kept of an invocation's time to answer in: a response is small, but a function with
/// little memory has little of a CPU.
pub(crate) const ANSWER: Duration = Duration::from_millis(250);
/// The least that a record is given to be begun at all: some calls to a table or a queue.
const RECORD_MIN: Duration = Duration::from_millis(500);

/// Where a record stands among the records of its batch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrderingKey<K> {
    /// By itself: it waits for no other.
    None,
    /// Behind the earlier records of this key, however those end.
    Key(K),
    /// Behind the earlier records of this key, and held back when one of them fails.
    Group(K),
}

/// The records of a batch by ordering key: those of one key are handled one after the other, the
/// keys side by side.
///
/// This is what [`Queue`](crate::batch::Queue) and [`TableStream`](crate::batch::TableStream) are
/// made of. Use it for a source that has neither, or for a queue whose records need more than a
/// service.
#[derive(Debug)]
pub struct OrderedBatch<R>(Vec<KeyRecords<R>>);

/// The records of one ordering key, in the order of the batch.
#[derive(Debug)]
struct KeyRecords<R> {
    /// Each with its position in the batch.
    records: Vec<(usize, R)>,
    /// Whether one that fails holds back those behind it.
    is_group: bool,
}

impl<R> OrderedBatch<R> {
    /// Groups `records`, each by the key that `ordering_key` returns. The order of the
    /// batch is kept: within a key, and among the first records of all keys.
    pub fn of<K: Eq + Hash>(
        records: impl IntoIterator<Item = R>,
        ordering_key: impl Fn(&R) -> OrderingKey<K>,
    ) -> Self {
        let mut keys: Vec<KeyRecords<R>> = Vec::new();
        let mut known: HashMap<OrderingKey<K>, usize> = HashMap::new();
        for (position, record) in records.into_iter().enumerate() {
            let key = ordering_key(&record);
            let next = keys.len();
            let is_group = matches!(key, OrderingKey::Group(_));
            let index = match key {
                OrderingKey::None => next,
                OrderingKey::Key(_) | OrderingKey::Group(_) => *known.entry(key).or_insert(next),
            };
            match keys.get_mut(index) {
                Some(same) => same.records.push((position, record)),
                None => keys.push(KeyRecords { records: vec![(position, record)], is_group }),
            }
        }
        Self(keys)
    }

    /// Gives every record to `handle`, and answers with the positions of those that failed or were
    /// held back, in ascending order.
    ///
    /// At most `concurrency_max` keys are processed at the same time, all by the task that awaits
    /// this: they share its thread, and wait side by side.
    ///
    /// Within [`runtime::with_deadline`], it answers before the time is up, so that what was
    /// handled is not handled once more. A record is begun only while there is as much left as the
    /// slowest of this batch has taken, at least half a second, and a quarter of a second to answer
    /// in. Those that are not begun have failed, in their order: nothing behind one of them under
    /// its key is begun either. What `handle` and `hold_back` are doing then is theirs to end: see
    /// [`runtime::in_time`].
    ///
    /// When a record of a group fails, `hold_back` is called once with its failure and all
    /// records behind it, if there are any. It may ask their source to deliver them later.
    ///
    /// # Panics
    ///
    /// When `handle` or `hold_back` does. The records of other keys that were in progress are
    /// then abandoned where they stand, so the caller must acknowledge nothing of the batch.
    pub async fn process<F, H, Handling, B, HoldingBack>(
        self,
        concurrency_max: NonZeroUsize,
        handle: H,
        hold_back: B,
    ) -> Vec<usize>
    where
        H: Fn(R) -> Handling,
        Handling: Future<Output = Result<(), F>>,
        B: Fn(F, Vec<R>) -> HoldingBack,
        HoldingBack: Future<Output = ()>,
    {
        let pace = Pace::default();
        let failed: Vec<Vec<usize>> = stream::iter(self.0)
            .map(|key| key.process(&pace, &handle, &hold_back))
            .buffer_unordered(concurrency_max.get())
            .collect()
            .await;
        let not_begun = pace.not_begun.into_inner();
        if not_begun > 0 {
            warn!(
                outcome = "not_begun",
                records = not_begun,
                "the invocation has no time left for them: they are delivered again"
            );
        }
        let mut positions = failed.concat();
        positions.sort_unstable();
        positions
    }
}

impl<R> KeyRecords<R> {
    async fn process<F, H, Handling, B, HoldingBack>(
        self,
        pace: &Pace,
        handle: &H,
        hold_back: &B,
    ) -> Vec<usize>
    where
        H: Fn(R) -> Handling,
        Handling: Future<Output = Result<(), F>>,
        B: Fn(F, Vec<R>) -> HoldingBack,
        HoldingBack: Future<Output = ()>,
    {
        let mut failed = Vec::new();
        let mut records = self.records.into_iter();
        while let Some((position, record)) = records.next() {
            if !pace.has_time() {
                let before = failed.len();
                failed.push(position);
                failed.extend(records.map(|(position, _)| position));
                pace.not_begun.fetch_add(failed.len() - before, Ordering::Relaxed);
                break;
            }
            let begun = runtime::remaining();
            let handled = handle(record).await;
            pace.note(begun);
            let Err(failure) = handled else { continue };
            failed.push(position);
            if self.is_group {
                let (positions, held_back): (Vec<_>, Vec<_>) = records.unzip();
                failed.extend(positions);
                if !held_back.is_empty() {
                    hold_back(failure, held_back).await;
                }
                break;
            }
        }
        failed
    }
}

/// How long the records of a batch take.
#[derive(Debug, Default)]
struct Pace {
    slowest_ms: AtomicU64,
    not_begun: AtomicUsize,
}

impl Pace {
    /// Whether there is time to begin a record. Always, where there is no deadline.
    fn has_time(&self) -> bool {
        let slowest = Duration::from_millis(self.slowest_ms.load(Ordering::Relaxed));
        runtime::remaining().is_none_or(|left| left > ANSWER + slowest.max(RECORD_MIN))
    }

    /// Takes note of a record that was begun with `begun` of the time left, and has ended now.
    fn note(&self, begun: Option<Duration>) {
        let took = begun.zip(runtime::remaining()).map(|(begun, left)| begun.saturating_sub(left));
        let took = took.map_or(0, |took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        self.slowest_ms.fetch_max(took, Ordering::Relaxed);
    }
}

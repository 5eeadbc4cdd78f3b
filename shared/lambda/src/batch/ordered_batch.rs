use std::{
    collections::HashMap,
    hash::Hash,
    num::NonZeroUsize,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tracing::warn;

/// How many lines are worked off at the same time unless somebody says otherwise. A batch of SQS
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

/// The records of a batch in lines: those of one line are handled one after the other, the lines
/// side by side.
///
/// This is what [`Queue`](crate::batch::Queue) and [`TableStream`](crate::batch::TableStream) are made of. Use it
/// for a source that has neither, or for a queue whose records need more than a service.
#[derive(Debug)]
pub struct OrderedBatch<R>(Vec<Line<R>>);

#[derive(Debug)]
struct Line<R> {
    /// Each with its position in the batch.
    records: Vec<(usize, R)>,
    is_strict: bool,
}

impl<R> OrderedBatch<R> {
    /// Groups `records`, each by the key that `place` returns. The order of the batch is kept: within a line,
    /// and among the first records of all lines.
    pub fn of<K: Eq + Hash>(
        records: impl IntoIterator<Item = R>,
        place: impl Fn(&R) -> OrderingKey<K>,
    ) -> Self {
        let mut lines: Vec<Line<R>> = Vec::new();
        let mut known: HashMap<OrderingKey<K>, usize> = HashMap::new();
        for (position, record) in records.into_iter().enumerate() {
            let (place, next) = (place(&record), lines.len());
            let is_strict = matches!(place, OrderingKey::Group(_));
            let index = match place {
                OrderingKey::None => next,
                OrderingKey::Key(_) | OrderingKey::Group(_) => *known.entry(place).or_insert(next),
            };
            match lines.get_mut(index) {
                Some(line) => line.records.push((position, record)),
                None => lines.push(Line { records: vec![(position, record)], is_strict }),
            }
        }
        Self(lines)
    }

    /// Gives every record to `handle`, and answers with the positions of those that failed or were
    /// held back, in ascending order.
    ///
    /// At most `concurrency_max` lines are worked on at the same time, all by the task that awaits this:
    /// they share its thread, and wait side by side.
    ///
    /// Within [`runtime::with_deadline`], it answers before the time is up, so that what was handled is not
    /// handled once more. A record is begun only while there is as much left as the slowest of this
    /// batch has taken, at least half a second, and a quarter of a second to answer in. Those that
    /// are not begun have failed, in their order: nothing behind one of them in its line is begun
    /// either. What `handle` and `hold_back` are doing then is theirs to end: see
    /// [`runtime::in_time`].
    ///
    /// When a record of a strict line fails, `hold_back` is called once with its failure and all
    /// records behind it, if there are any. It may tell their source when to bring them again.
    ///
    /// # Panics
    ///
    /// When `handle` or `hold_back` does. The records that other lines were working on are then
    /// abandoned where they stand, so the caller must acknowledge nothing of the batch.
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
            .map(|line| line.process(&pace, &handle, &hold_back))
            .buffer_unordered(concurrency_max.get())
            .collect()
            .await;
        let not_begun = pace.not_begun.into_inner();
        if not_begun > 0 {
            warn!(
                outcome = "not_begun",
                records = not_begun,
                "the invocation has no time left for them: they come again"
            );
        }
        let mut positions = failed.concat();
        positions.sort_unstable();
        positions
    }
}

impl<R> Line<R> {
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
            if self.is_strict {
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
    /// Whether there is time to begin a record. Always, where nobody has said how much there is.
    fn has_time(&self) -> bool {
        let slowest = Duration::from_millis(self.slowest_ms.load(Ordering::Relaxed));
        runtime::remaining().is_none_or(|left| left > ANSWER + slowest.max(RECORD_MIN))
    }

    /// A record has ended that was begun when so much was left.
    fn note(&self, begun: Option<Duration>) {
        let took = begun.zip(runtime::remaining()).map(|(begun, left)| begun.saturating_sub(left));
        let took = took.map_or(0, |took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        self.slowest_ms.fetch_max(took, Ordering::Relaxed);
    }
}

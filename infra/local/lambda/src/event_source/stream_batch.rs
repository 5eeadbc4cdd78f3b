//! What becomes of a batch of a stream: what is tried next, and what is discarded.
//!
//! Pure, so that every turn a batch can take is a test without a stream or a function.
//!
//! A batch is a stack of slices, the earliest on top. This is the timeline of records 1 to 4 with a
//! function that fails at 3, two retries, bisection, and no partial responses:
//!
//! ```text
//! tried      verdict   slices after it    what follows
//! 1 2 3 4    failed    1 2 | 3 4          go on: halved, no retry is counted   (1)
//! 1 2        done      3 4                go on
//! 3 4        failed    3 | 4              go on: halved
//! 3          failed    3 | 4              back off after 1 failure             (2)
//! 3          failed    3 | 4              back off after 2 failures
//! 3          failed    4                  discard 3                           (3)
//! 4          done      (none)             the next batch
//! ```
//!
//! 1. The halves keep the failures of the whole. Without bisection the whole is tried three times
//!    and discarded, 4 with it.
//! 2. While it backs off, records are written behind the batch, and records in it may expire. No
//!    later slice is tried before this one: a shard is in order.
//! 3. The function never succeeds at 3, and the stream keeps no copy: the position of 3 goes to the
//!    on-failure destination, if there is one.
//!
//! A partial response names the first failed record instead. What stands before it is done, so the
//! rest is another batch: it begins at the failed record, with its failures counted anew.

use std::time::Duration;

use local_dynamodb::StreamRecord;

use super::{batch_response::Verdict, stream_source::StreamSource};

/// A run of records that is handed to the function in one piece.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Never empty.
    pub records: Vec<StreamRecord>,
    /// How often the function failed at exactly these.
    pub failures: u32,
}

impl Slice {
    fn new(records: Vec<StreamRecord>, failures: u32) -> Option<Self> {
        (!records.is_empty()).then_some(Self { records, failures })
    }

    /// The position of the last record, or of none.
    pub fn end(&self) -> u64 {
        self.records.last().map_or(0, |record| record.sequence)
    }
}

/// A batch: the slices that are still to be done, the earliest last.
#[derive(Debug)]
pub struct Batch {
    slices: Vec<Slice>,
}

/// What to do after an attempt.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// Go on with the next slice at once.
    GoOn,
    /// Wait, the longer the more failures there were.
    BackOff {
        /// How often the function failed at these records.
        failures: u32,
    },
    /// These records have failed too often.
    GiveUp(Slice),
}

impl Batch {
    /// Slices in the order of the stream.
    pub fn new(slices: Vec<Vec<StreamRecord>>) -> Self {
        let slices = slices.into_iter().rev();
        Self { slices: slices.filter_map(|records| Slice::new(records, 0)).collect() }
    }

    /// The slice to try next.
    pub fn take(&mut self) -> Option<Slice> {
        self.slices.pop()
    }

    /// Returns a slice untried.
    pub fn put_back(&mut self, slice: Slice) {
        self.slices.push(slice);
    }

    /// Cuts off those records at the start of `slice` that are older than `age_max` at `now`; both
    /// times are since 1970.
    pub fn expired(slice: &mut Slice, now: Duration, age_max: Option<Duration>) -> Option<Slice> {
        let age_max = age_max?;
        let is_young = |record: &StreamRecord| now.saturating_sub(created(record)) <= age_max;
        let young = slice.records.iter().position(is_young).unwrap_or(slice.records.len());
        let rest = slice.records.split_off(young);
        Slice::new(std::mem::replace(&mut slice.records, rest), slice.failures)
    }

    /// Takes note of how the function judged `slice`.
    pub fn judge(&mut self, mut slice: Slice, verdict: &Verdict, source: &StreamSource) -> Next {
        let failed_at = match verdict {
            Verdict::Done => return Next::GoOn,
            Verdict::Failed => 0,
            Verdict::Partial(failed) => {
                let is_failed = |record: &StreamRecord| failed.contains(identifier(record));
                // The records of a stream depend on those before them: from the first failure on,
                // all are tried again.
                slice.records.iter().position(is_failed).unwrap_or(0)
            }
        };
        if failed_at > 0 {
            // What came before is done, so this is another batch, at its first failure.
            slice.records.drain(..failed_at);
            slice.failures = 0;
        } else if source.bisect_batch_on_function_error && slice.records.len() > 1 {
            return self.bisect(slice);
        }
        slice.failures += 1;
        if source.retry_attempts_max.is_some_and(|retries_max| slice.failures > retries_max) {
            return Next::GiveUp(slice);
        }
        let failures = slice.failures;
        self.slices.push(slice);
        Next::BackOff { failures }
    }

    /// Halves a slice. That is no retry: the halves have the failures that the whole had.
    fn bisect(&mut self, mut slice: Slice) -> Next {
        let second = slice.records.split_off(slice.records.len().div_ceil(2));
        self.slices.extend(Slice::new(second, slice.failures));
        self.slices.push(slice);
        Next::GoOn
    }
}

/// What `itemIdentifier` names a record by.
pub fn identifier(record: &StreamRecord) -> &str {
    record.event["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default()
}

/// When a record came into being, since 1970.
pub(super) fn created(record: &StreamRecord) -> Duration {
    let seconds = record.event["dynamodb"]["ApproximateCreationDateTime"].as_f64();
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn records(sequences: impl IntoIterator<Item = u64>) -> Vec<StreamRecord> {
        let record = |sequence: u64| {
            let number = sequence.to_string();
            let dynamodb =
                json!({ "SequenceNumber": number, "ApproximateCreationDateTime": sequence });
            StreamRecord { sequence, event: json!({ "dynamodb": dynamodb }) }
        };
        sequences.into_iter().map(record).collect()
    }

    fn source() -> StreamSource {
        StreamSource::new("orders", "relay")
    }

    /// Plays a batch against a function that fails at `poison`; what it was handed, and gave up.
    fn play(source: &StreamSource, poison: u64, reports: bool) -> (Vec<Vec<u64>>, Vec<u64>) {
        let sequences =
            |slice: &Slice| slice.records.iter().map(|it| it.sequence).collect::<Vec<_>>();
        let mut batch = Batch::new(vec![records(1..=4)]);
        let (mut handed, mut abandoned) = (Vec::new(), Vec::new());
        while let Some(slice) = batch.take() {
            handed.push(sequences(&slice));
            let verdict = match slice.records.iter().any(|record| record.sequence == poison) {
                true if reports => Verdict::Partial([poison.to_string()].into()),
                true => Verdict::Failed,
                false => Verdict::Done,
            };
            if let Next::GiveUp(slice) = batch.judge(slice, &verdict, source) {
                abandoned.extend(sequences(&slice));
            }
        }
        (handed, abandoned)
    }

    #[test]
    fn a_good_batch_is_handed_over_once() {
        assert_eq!(play(&source(), 9, false), (vec![vec![1, 2, 3, 4]], vec![]));
    }

    #[test]
    fn without_bisection_a_poison_record_takes_its_batch_along() {
        let source = StreamSource { retry_attempts_max: Some(1), ..source() };
        let (handed, abandoned) = play(&source, 3, false);
        assert_eq!(handed, [[1, 2, 3, 4], [1, 2, 3, 4]]);
        assert_eq!(abandoned, [1, 2, 3, 4]);
    }

    #[test]
    fn bisection_isolates_a_poison_record_and_is_no_retry() {
        let source = StreamSource {
            retry_attempts_max: Some(0),
            bisect_batch_on_function_error: true,
            ..source()
        };
        let (handed, abandoned) = play(&source, 3, false);
        assert_eq!(handed, [vec![1, 2, 3, 4], vec![1, 2], vec![3, 4], vec![3], vec![4]]);
        assert_eq!(abandoned, [3]);
    }

    #[test]
    fn a_reported_failure_is_where_the_next_attempt_begins() {
        let source = StreamSource { retry_attempts_max: Some(1), ..source() };
        let (handed, abandoned) = play(&source, 3, true);
        assert_eq!(handed, [vec![1, 2, 3, 4], vec![3, 4]]);
        assert_eq!(abandoned, [3, 4]);
    }

    #[test]
    fn a_reported_failure_is_isolated_where_bisection_is_on() {
        let source = StreamSource {
            retry_attempts_max: Some(1),
            bisect_batch_on_function_error: true,
            ..source()
        };
        let (handed, abandoned) = play(&source, 2, true);
        assert_eq!(handed[..2], [vec![1, 2, 3, 4], vec![2, 3, 4]]);
        assert_eq!(abandoned, [2]);
    }

    #[test]
    fn without_a_limit_nothing_is_abandoned() {
        let mut batch = Batch::new(vec![records([1])]);
        for failures in 1..=100 {
            let slice = batch.take().unwrap();
            let next = batch.judge(slice, &Verdict::Failed, &source());
            assert_eq!(next, Next::BackOff { failures });
        }
    }

    #[test]
    fn records_past_their_age_are_cut_off() {
        let mut slice = Slice::new(records(1..=4), 0).unwrap();
        let now = Duration::from_secs(12);
        assert_eq!(Batch::expired(&mut slice, now, None), None);
        let expired = Batch::expired(&mut slice, now, Some(Duration::from_secs(9))).unwrap();
        assert_eq!(expired.records, records(1..=2));
        assert_eq!(slice.records, records(3..=4));
        assert_eq!(Batch::expired(&mut slice, now, Some(Duration::from_secs(9))), None);
    }
}

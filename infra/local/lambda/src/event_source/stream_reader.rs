//! From a table's stream to a function.
//!
//! A stream here has one shard, so one batch is under way at a time, and the position moves on
//! only past records that the function is done with or that were discarded.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use local_core::{Clock, moment};
use local_dynamodb::{DynamoDb, StreamRecord};
use local_sqs::Sqs;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    batch_response::{Verdict, verdict},
    control::{Gate, Tally},
    filter, slices,
    stream_batch::{Batch, Next, Slice, created, identifier},
    stream_source::StreamSource,
};
use crate::{
    Invocation, LambdaHost,
    destination::{self, Condition, Failure},
};

/// The most records that one read returns.
pub(super) const READ_MAX: usize = 1_000;
/// The shortest time between two reads of a stream that had nothing new: any write to any table
/// is a reason to look. Lambda looks four times a second.
const READ_INTERVAL: Duration = Duration::from_millis(10);
/// The pause after an error of the stream.
const ERROR_DELAY: Duration = Duration::from_secs(1);
/// How far delays grow, as a multiple of the first.
const BACKOFF_MAX: u32 = 60;

/// Takes batches from a stream, one after the other.
pub(super) struct Reader {
    pub(super) host: LambdaHost,
    pub(super) database: DynamoDb,
    pub(super) queues: Sqs,
    pub(super) source: StreamSource,
    pub(super) tally: Arc<Tally>,
    pub(super) gate: Gate,
}

impl Reader {
    pub(super) async fn run(mut self) {
        while self.gate.open().await {
            let mut gate = self.gate.clone();
            let records = tokio::select! {
                records = self.gather() => records,
                // What has been read stays in the stream.
                () = gate.shut() => continue,
            };
            let Some(end) = records.last().map(|record| record.sequence) else { continue };
            let batch = self.pass(records);
            if self.handle(batch).await {
                self.move_to(end);
            }
        }
    }

    /// The next records, once there are any and the batching window has closed.
    async fn gather(&self) -> Vec<StreamRecord> {
        let mut records = self.wait_for_records().await;
        let closes = Instant::now() + self.source.batching_window;
        loop {
            let missing = self.source.batch_size.saturating_sub(records.len());
            let wait = closes.saturating_duration_since(Instant::now());
            if missing == 0 || wait.is_zero() {
                return records;
            }
            let after = records.last().map_or(0, |record| record.sequence);
            let written = self.database.written();
            let more = self.read(after, missing).await;
            if more.is_empty() {
                // Whether by news or by time: the next turn sees.
                let _ = timeout(wait, written).await;
            }
            records.extend(more);
        }
    }

    async fn wait_for_records(&self) -> Vec<StreamRecord> {
        let after = self.tally.position.load(Ordering::Relaxed);
        loop {
            // Before the read, so that no write falls between the two.
            let written = self.database.written();
            let records = self.read(after, self.source.batch_size).await;
            if !records.is_empty() {
                return records;
            }
            sleep(READ_INTERVAL).await;
            written.await;
        }
    }

    async fn read(&self, after: u64, limit: usize) -> Vec<StreamRecord> {
        loop {
            match self.database.stream_records(&self.source.table, after, limit.min(READ_MAX)) {
                Ok(records) => return records,
                Err(error) => {
                    tracing::error!(table = self.source.table, %error, "event source mapping");
                    self.tally.count(|counters| counters.source_errors += 1);
                    sleep(ERROR_DELAY).await;
                }
            }
        }
    }

    /// What the filters let through, in slices that fit into an invocation.
    fn pass(&self, mut records: Vec<StreamRecord>) -> Batch {
        let read = records.len();
        records.retain(|record| filter::passes(&self.source.filters, &record.event));
        self.tally.count(|counters| counters.filtered += (read - records.len()) as u64);
        Batch::new(slices::by_size(records, |record| &record.event))
    }

    /// Sees `batch` through; `false` if the mapping was stopped before.
    async fn handle(&mut self, mut batch: Batch) -> bool {
        while let Some(mut slice) = batch.take() {
            if !self.gate.open().await {
                return false;
            }
            let age_max = self.source.record_age_max;
            if let Some(expired) =
                Batch::expired(&mut slice, Clock::system().since_epoch(), age_max)
            {
                self.abandon(&expired, Condition::RecordAgeExceeded, None);
                self.move_to(expired.end());
            }
            if slice.records.is_empty() {
                continue;
            }
            let end = slice.end();
            let Some((invocation, verdict)) = self.invoke(&slice).await else {
                batch.put_back(slice);
                self.back_off(1).await;
                continue;
            };
            match batch.judge(slice, &verdict, &self.source) {
                Next::GoOn if verdict == Verdict::Done => self.move_to(end),
                Next::GoOn => (),
                Next::BackOff { failures } => self.back_off(failures).await,
                Next::GiveUp(slice) => {
                    self.abandon(&slice, Condition::RetryAttemptsExhausted, Some(&invocation));
                    self.move_to(end);
                }
            }
        }
        true
    }

    /// How the function judged `slice`; nothing if it could not be reached.
    async fn invoke(&self, slice: &Slice) -> Option<(Invocation, Verdict)> {
        let _in_progress = self.tally.begin();
        let records: Vec<&Value> = slice.records.iter().map(|record| &record.event).collect();
        let event = json!({ "Records": records }).to_string();
        let invocation = match self.host.invoke(&self.source.function, event.into()).await {
            Ok(invocation) => invocation,
            Err(error) => {
                tracing::warn!(table = self.source.table, %error, "batch not delivered");
                return None;
            }
        };
        let verdict = if !invocation.is_ok() {
            Verdict::Failed
        } else if self.source.report_batch_item_failures {
            let identifiers: BTreeSet<String> =
                slice.records.iter().map(|record| identifier(record).to_owned()).collect();
            verdict(&invocation.payload, &identifiers)
        } else {
            Verdict::Done
        };
        self.tally.count(|counters| {
            counters.batches += 1;
            counters.records += slice.records.len() as u64;
            counters.last_failed = verdict != Verdict::Done;
            counters.batches_failed += u64::from(counters.last_failed);
        });
        Some((invocation, verdict))
    }

    /// Waits before the next attempt; not when the mapping is paused meanwhile, which waits by
    /// itself.
    async fn back_off(&mut self, failures: u32) {
        let doublings = failures.saturating_sub(1).min(BACKOFF_MAX.ilog2() + 1);
        let delay = self.source.retry_delay * (1 << doublings).min(BACKOFF_MAX);
        tokio::select! {
            () = sleep(delay) => (),
            () = self.gate.shut() => (),
        }
    }

    fn move_to(&self, position: u64) {
        self.tally.position.fetch_max(position, Ordering::Relaxed);
    }

    fn abandon(&self, slice: &Slice, condition: Condition, last: Option<&Invocation>) {
        let discarded = slice.records.len() as u64;
        self.tally.count(|counters| counters.discarded += discarded);
        let table = &self.source.table;
        let Some(queue_arn) = &self.source.on_failure else {
            tracing::warn!(table, discarded, "stream records dropped: no destination");
            return;
        };
        let function_arn = self.host.function(&self.source.function).map(|spec| spec.arn());
        let failure = Failure {
            request_id: last.map_or("", |last| &last.request_id),
            function_arn: &function_arn.unwrap_or_default(),
            condition,
            attempts: slice.failures,
            function_error: last.and_then(|last| last.function_error.as_deref()),
        };
        destination::send(Some(&self.queues), queue_arn, &failure, batch_info(slice));
    }
}

/// Which records were discarded: not the records themselves, which stay in the stream for a day.
fn batch_info(slice: &Slice) -> Value {
    let (first, last) = (slice.records.first(), slice.records.last());
    let number = |record: Option<&StreamRecord>| record.map(identifier).map(str::to_owned);
    let arrival = |record: Option<&StreamRecord>| {
        let since_epoch = record.map(|it| created(it).as_secs_f64());
        since_epoch.and_then(moment::from_epoch).map(moment::to_second)
    };
    json!({
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000000000000000000-00000000",
            "startSequenceNumber": number(first),
            "endSequenceNumber": number(last),
            "approximateArrivalOfFirstRecord": arrival(first),
            "approximateArrivalOfLastRecord": arrival(last),
            "batchSize": slice.records.len(),
            "streamArn": first.map(|record| record.event["eventSourceARN"].clone()),
        }
    })
}

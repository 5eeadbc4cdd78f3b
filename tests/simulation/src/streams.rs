//! From a table's stream to a function, as Lambda's event source mapping does it.

use std::{cell::Cell, collections::BTreeSet, rc::Rc, time::Duration};

use local_dynamodb::StreamRecord;
use local_lambda::event_source::{Batch, Next, Slice, StreamSource, Verdict, identifier, verdict};
use local_sqs::OutgoingMessage;
use serde_json::{Value, json};
use tokio::{task::spawn_local, time::sleep};

use crate::{
    fault::{Fault, Site},
    incident::Incident,
    lambda::{End, Lambda, Slot},
    queues::MALFORMED,
};

/// The longest between a write and the poll that finds it.
const POLL_MAX: Duration = Duration::from_millis(250);
/// A delay doubles up to so many times the first.
const DOUBLINGS_MAX: u32 = 6;
/// How long a shard waits whose invocation was throttled.
const THROTTLED_PAUSE: Duration = Duration::from_millis(500);
/// Within this time a process is ended whose invocation is.
const KILL_MAX: Duration = Duration::from_millis(120);

/// Between two looks of an operator.
const OPERATORS_PAUSE: Duration = Duration::from_mins(1);
/// After so many seconds records come again.
const REPEAT_SECONDS: std::ops::Range<u64> = 60..6 * 3_600;

/// The reader of a stream's one shard.
pub(crate) struct Reader {
    pub(crate) lambda: Lambda,
    pub(crate) source: StreamSource,
    pub(crate) slot: Slot,
    /// For a second process that works on what the first is working on.
    pub(crate) second: Slot,
    pub(crate) position: Rc<Cell<u64>>,
    /// How much was thrown in that cannot be read, over all queues and streams.
    pub(crate) poisoned: Rc<Cell<usize>>,
}

impl Reader {
    pub(crate) async fn run(self) {
        let table = self.source.table.clone();
        loop {
            let services = &self.lambda.services;
            let written = services.written.notified();
            let limit = self.source.batch_size;
            let after = self.position.get();
            let mut records = services.database.stream_records(&table, after, limit).unwrap();
            let Some(last) = records.last().map(|it| it.sequence) else {
                written.await;
                self.lambda.sim.pass(&table, POLL_MAX).await;
                continue;
            };
            if self.lambda.sim.is_unavailable(&table) {
                let records = records.len();
                self.lambda.sim.note(&format!("{table} forgot {records} records"));
                self.position.set(last);
                continue;
            }
            for record in &mut records {
                self.stamp(record);
            }
            let filters = &self.source.filters;
            let passes = |it: &StreamRecord| filters.iter().any(|filter| filter.matches(&it.event));
            records.retain(|it| filters.is_empty() || passes(it));
            self.handle(Batch::new(vec![records])).await;
            self.position.set(last);
        }
    }

    /// The engine stamps records with the machine's time.
    fn stamp(&self, record: &mut StreamRecord) {
        let seconds = self.lambda.sim.now().unix_timestamp();
        record.event["dynamodb"]["ApproximateCreationDateTime"] = seconds.into();
    }

    async fn handle(&self, mut batch: Batch) {
        let sim = &self.lambda.sim;
        while let Some(mut slice) = batch.take() {
            let now = Duration::from_secs(sim.now().unix_timestamp().unsigned_abs());
            if let Some(expired) = Batch::expired(&mut slice, now, self.source.record_age_max) {
                self.abandon(&expired);
            }
            if slice.records.is_empty() {
                continue;
            }
            let judged = self.attempt(&mut slice).await;
            match batch.judge(slice, &judged, &self.source) {
                Next::GoOn => (),
                Next::BackOff { failures } => {
                    let doublings = failures.saturating_sub(1).min(DOUBLINGS_MAX);
                    sleep(self.source.retry_delay * (1 << doublings)).await;
                }
                Next::GiveUp(slice) => self.abandon(&slice),
            }
        }
    }

    async fn attempt(&self, slice: &mut Slice) -> Verdict {
        let sim = &self.lambda.sim;
        let what = format!("{} stream of {}", self.source.table, slice.records.len());
        sim.note(&what);
        let mut met = sim.fault_point(Site::Stream, &what);
        if let Some((Fault::Malformed, random)) = &mut met {
            self.add_malformed(slice, random);
        }
        let records: Vec<&Value> = slice.records.iter().map(|it| &it.event).collect();
        let event = json!({ "Records": records });
        let end = match met {
            Some((Fault::Malformed, _)) => self.invoke(event).await,
            Some((Fault::Gap, mut random)) => {
                self.lose_track(&mut random);
                return Verdict::Done;
            }
            None => self.invoke(event).await,
            Some((Fault::Twice, _)) => {
                let both = (self.slot.invoke(event.clone(), None), self.second.invoke(event, None));
                futures_util::future::join(both.0, both.1).await.0
            }
            Some((Fault::Kill, mut random)) => {
                self.slot.invoke(event, Some(KILL_MAX.mul_f64(random.f64()))).await
            }
            Some((Fault::Repeat, mut random)) => {
                self.repeat(event.clone(), &mut random);
                self.invoke(event).await
            }
            Some((Fault::Delay, mut random)) => {
                sleep(Duration::from_secs(random.u64(10..7_200))).await;
                self.invoke(event).await
            }
            Some(_) => {
                self.invoke(event).await;
                End::Failed("the answer was mangled".to_owned())
            }
        };
        let identifiers: BTreeSet<String> =
            slice.records.iter().map(|it| identifier(it).to_owned()).collect();
        match end {
            end if self.slot.forgives(&end) => Verdict::Done,
            End::Answered(_) if !self.source.report_batch_item_failures => Verdict::Done,
            End::Answered(answer) => verdict(answer.to_string().as_bytes(), &identifiers),
            End::Failed(_) | End::Died | End::Throttled => Verdict::Failed,
        }
    }

    /// Hands the records to the function. While that is throttled the shard waits: it is no failure of
    /// the records.
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>.
    async fn invoke(&self, event: Value) -> End {
        loop {
            let end = self.slot.invoke(event.clone(), None).await;
            if !matches!(end, End::Throttled) {
                return end;
            }
            sleep(THROTTLED_PAUSE).await;
        }
    }

    /// Puts a record beside the others whose events cannot be read, as a faulty writer may leave one.
    fn add_malformed(&self, slice: &mut Slice, random: &mut fastrand::Rng) {
        let is_malformed = |record: &StreamRecord| record.event["eventID"] == MALFORMED;
        if slice.records.iter().any(is_malformed) {
            return;
        }
        let index = random.usize(..slice.records.len());
        let mut record = slice.records[index].clone();
        // Those of the engine follow from the machine's time, and this one ends up in a dead letter.
        let number = format!("2{:020}", self.poisoned.get());
        record.event["eventID"] = MALFORMED.into();
        record.event["eventName"] = "MODIFY".into();
        record.event["dynamodb"]["SequenceNumber"] = number.into();
        record.event["dynamodb"]["NewImage"] = match random.bool() {
            true => "no image".into(),
            false => json!({ "outgoing": { "S": "no list" } }),
        };
        slice.records.insert(index, record);
        self.poisoned.set(self.poisoned.get() + 1);
    }

    /// The stream is not read for longer than it keeps its records, these included. Afterwards an
    /// operator publishes again what it has forgotten.
    fn lose_track(&self, random: &mut fastrand::Rng) {
        let gap = Incident::Unread(self.source.table.clone());
        let lasts = Duration::from_hours(random.u64(25..40));
        self.lambda.sim.begin(gap.clone(), lasts);
        let (lambda, under_way) = (self.lambda.clone(), self.lambda.sim.under_way());
        spawn_local(async move {
            while lambda.sim.is_in(&gap) {
                sleep(OPERATORS_PAUSE).await;
            }
            while !lambda.republish().await.is_some_and(|report| report.is_complete()) {
                sleep(OPERATORS_PAUSE).await;
            }
            drop(under_way);
        });
    }

    /// Hands the same records to the function again, minutes or hours later.
    fn repeat(&self, event: Value, random: &mut fastrand::Rng) {
        let late = Duration::from_secs(random.u64(REPEAT_SECONDS));
        let slot = self.lambda.slot(self.slot.function());
        let under_way = self.lambda.sim.under_way();
        spawn_local(async move {
            sleep(late).await;
            slot.invoke(event, None).await;
            drop(under_way);
        });
    }

    fn abandon(&self, slice: &Slice) {
        let queue = self.source.on_failure.as_deref().unwrap_or_default();
        let queue = queue.rsplit(':').next().unwrap_or_default();
        let mut note = format!("{} gave up {} records", self.source.table, slice.records.len());
        if slice.records.iter().all(|it| it.event["eventID"] == MALFORMED) {
            note = format!("{note}, {MALFORMED}");
        }
        self.lambda.sim.note(&note);
        self.lambda.services.queues.send(queue, OutgoingMessage::new(note)).unwrap();
    }
}

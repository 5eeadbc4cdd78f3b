//! From a queue to a function.
//!
//! A message is deleted when the function is done with it, and only then: whatever goes wrong on
//! the way, it becomes visible again after the queue's visibility timeout.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use local_core::AwsError;
use local_event_pattern::Pattern;
use local_sqs::{ReceiveRequest, ReceivedMessage, Sqs};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    Batching, EventSourceMapping, MappingError,
    batch_response::{Verdict, verdict},
    control::{Gate, Mode, Tally},
    filter, slices, sqs_event,
};
use crate::{InvokeError, LambdaHost};

/// Pollers of a mapping without a concurrency of its own: what Lambda starts with.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>.
const POLLERS: usize = 5;
/// The most messages that one receive returns.
const RECEIVE_MAX: usize = 10;
/// The longest that one receive waits.
const RECEIVE_WAIT: Duration = Duration::from_secs(20);
/// The pause after an error of the queue.
const ERROR_DELAY: Duration = Duration::from_secs(1);

/// An event source mapping from a queue.
#[derive(Debug, Clone)]
pub struct SqsSource {
    /// The name of the queue.
    pub queue: String,
    /// The function's name, alias or ARN.
    pub function: String,
    /// The most messages of a batch: 1 to 10,000, above 10 only with a window. Lambda: 10.
    pub batch_size: usize,
    /// How long to gather a batch after its first message: at most 300 s. Lambda: 0.
    pub batching_window: Duration,
    /// `MaximumConcurrency`, the most batches at once: 2 to 1,000.
    pub concurrency_max: Option<usize>,
    /// Whether the function reports `batchItemFailures`; otherwise its answer does not matter.
    pub report_batch_item_failures: bool,
    /// Messages that match none of these are deleted; no filters let all pass.
    pub filters: Vec<Pattern>,
}

impl SqsSource {
    /// A mapping with Lambda's defaults.
    pub fn new(queue: impl Into<String>, function: impl Into<String>) -> Self {
        Self {
            queue: queue.into(),
            function: function.into(),
            batch_size: 10,
            batching_window: Duration::ZERO,
            concurrency_max: None,
            report_batch_item_failures: false,
            filters: Vec::new(),
        }
    }

    fn check(&self, host: &LambdaHost, queues: &Sqs) -> Result<(), MappingError> {
        let batching = Batching {
            source_name: &self.queue,
            batch_size: self.batch_size,
            batching_window: self.batching_window,
        };
        batching.check()?;
        if self.batch_size > RECEIVE_MAX && self.batching_window < Duration::from_secs(1) {
            let reason = "above 10 needs a batching_window of at least 1 s";
            return Err(batching.invalid("batch_size", reason));
        }
        if self.concurrency_max.is_some_and(|concurrency| !(2..=1_000).contains(&concurrency)) {
            return Err(batching.invalid("concurrency_max", "must be 2 to 1000"));
        }
        let visibility = queues.queue_spec(&self.queue)?.visibility_timeout;
        if visibility < host.function(&self.function)?.timeout {
            let reason = "is shorter than the function's timeout";
            return Err(batching.invalid("visibility timeout", reason));
        }
        Ok(())
    }
}

impl EventSourceMapping {
    /// Starts to invoke a function with the messages of a queue.
    ///
    /// # Errors
    ///
    /// When Lambda would refuse the mapping, or queue or function are not there.
    pub fn from_queue(
        host: &LambdaHost,
        queues: &Sqs,
        source: SqsSource,
    ) -> Result<Self, MappingError> {
        source.check(host, queues)?;
        let (mode, modes) = watch::channel(Mode::Running);
        let tally = Arc::new(Tally::default());
        let (name, function) = (source.queue.clone(), source.function.clone());
        let poller = Poller {
            host: host.clone(),
            queues: queues.clone(),
            pollers: source.concurrency_max.unwrap_or(POLLERS),
            source: Arc::new(source),
            tally: Arc::clone(&tally),
            gate: Gate::new(modes),
        };
        let mut tasks = JoinSet::new();
        for _ in 0..poller.pollers {
            tasks.spawn(poller.clone().run());
        }
        let backlog = {
            let (queues, name) = (queues.clone(), name.clone());
            move || queues.depth(&name).is_ok_and(|depth| depth.total() > 0)
        };
        Ok(Self {
            source: name,
            function,
            mode: Arc::new(mode),
            tally,
            backlog: Arc::new(backlog),
            tasks: Arc::new(tasks.into()),
        })
    }
}

/// Takes batches one after the other.
#[derive(Clone)]
struct Poller {
    host: LambdaHost,
    queues: Sqs,
    pollers: usize,
    source: Arc<SqsSource>,
    tally: Arc<Tally>,
    gate: Gate,
}

impl Poller {
    async fn run(mut self) {
        while self.gate.open().await {
            let mut gate = self.gate.clone();
            let first = tokio::select! {
                first = self.receive(self.source.batch_size, RECEIVE_WAIT) => first,
                // A receive that is dropped while it waits takes no message.
                () = gate.shut() => continue,
            };
            match first {
                Ok(first) if first.is_empty() => (),
                Ok(first) => {
                    let _in_progress = self.tally.begin();
                    let batch = self.gather(first).await;
                    self.handle(batch).await;
                }
                Err(error) => {
                    self.source_error(&error);
                    sleep(ERROR_DELAY).await;
                }
            }
        }
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<ReceivedMessage>, AwsError> {
        let max = max.min(RECEIVE_MAX);
        let request = ReceiveRequest { max, wait: wait.min(RECEIVE_WAIT), visibility: None };
        self.queues.receive(&self.source.queue, request).await
    }

    /// Completes the batch that began with `batch`, as long as its window is open.
    async fn gather(&self, mut batch: Vec<ReceivedMessage>) -> Vec<ReceivedMessage> {
        let closes = Instant::now() + self.source.batching_window;
        let mut gate = self.gate.clone();
        loop {
            let wait = closes.saturating_duration_since(Instant::now());
            let missing = self.source.batch_size.saturating_sub(batch.len());
            if wait.is_zero() || missing == 0 {
                return batch;
            }
            let more = tokio::select! {
                more = self.receive(missing, wait) => more,
                () = gate.shut() => return batch,
            };
            match more {
                Ok(more) => batch.extend(more),
                Err(error) => {
                    self.source_error(&error);
                    return batch;
                }
            }
        }
    }

    async fn handle(&self, batch: Vec<ReceivedMessage>) {
        let mut records = Vec::with_capacity(batch.len());
        for message in batch {
            let record = sqs_event::record(&self.source.queue, &message);
            if filter::passes_with_body(&self.source.filters, &record) {
                records.push((message, record));
            } else {
                self.tally.count(|counters| counters.filtered += 1);
                self.delete(&message);
            }
        }
        for slice in slices::by_size(records, |(_, record)| record) {
            let (messages, records): (Vec<_>, Vec<_>) = slice.into_iter().unzip();
            self.invoke(&messages, records).await;
        }
    }

    async fn invoke(&self, messages: &[ReceivedMessage], records: Vec<Value>) {
        let event = json!({ "Records": records }).to_string();
        let verdict = match self.host.invoke(&self.source.function, event.into()).await {
            Ok(invocation) if !invocation.is_ok() => Verdict::Failed,
            Ok(_) if !self.source.report_batch_item_failures => Verdict::Done,
            Ok(invocation) => {
                let identifiers: BTreeSet<String> =
                    messages.iter().map(|message| message.message_id.clone()).collect();
                verdict(&invocation.payload, &identifiers)
            }
            Err(error) => return self.not_invoked(&error).await,
        };
        self.tally.count(|counters| {
            counters.batches += 1;
            counters.records += messages.len() as u64;
            counters.last_failed = verdict != Verdict::Done;
            counters.batches_failed += u64::from(counters.last_failed);
        });
        let is_done = |message: &&ReceivedMessage| match &verdict {
            Verdict::Done => true,
            Verdict::Partial(failed) => !failed.contains(&message.message_id),
            Verdict::Failed => false,
        };
        messages.iter().filter(is_done).for_each(|message| self.delete(message));
    }

    /// The messages come back after their visibility timeout; the next ones should not meet the
    /// same fate at once.
    async fn not_invoked(&self, error: &InvokeError) {
        tracing::warn!(queue = self.source.queue, %error, "batch not delivered");
        sleep(ERROR_DELAY).await;
    }

    fn delete(&self, message: &ReceivedMessage) {
        if let Err(error) = self.queues.delete(&self.source.queue, &message.receipt_handle) {
            self.source_error(&error);
        }
    }

    fn source_error(&self, error: &AwsError) {
        tracing::error!(queue = self.source.queue, %error, "event source mapping");
        self.tally.count(|counters| counters.source_errors += 1);
    }
}

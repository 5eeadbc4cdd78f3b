//! A mapping from a table's stream: its settings, and what of them Lambda refuses.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use local_core::AwsError;
use local_dynamodb::DynamoDb;
use local_event_pattern::Pattern;
use local_sqs::Sqs;
use tokio::{sync::watch, task::JoinSet};

use super::{
    Batching, EventSourceMapping, MappingError,
    control::{Gate, Mode, Tally},
    stream_reader::{READ_MAX, Reader},
};
use crate::LambdaHost;

/// An event source mapping from a table's stream.
#[derive(Debug, Clone)]
pub struct StreamSource {
    /// The name of the table.
    pub table: String,
    /// The function's name, alias or ARN.
    pub function: String,
    /// The most records of a batch: 1 to 10,000. Lambda: 100.
    pub batch_size: usize,
    /// How long to gather a batch after its first record: at most 300 s. Lambda: 0.
    pub batching_window: Duration,
    /// Where to begin.
    pub starting_position: StartingPosition,
    /// Whether the function reports `batchItemFailures`; otherwise its answer does not matter.
    pub report_batch_item_failures: bool,
    /// Whether to halve a batch that failed, until the failing record is found.
    pub bisect_batch_on_function_error: bool,
    /// `MaximumRetryAttempts`, after which records are given up. Lambda: never.
    pub retry_attempts_max: Option<u32>,
    /// `MaximumRecordAge`, after which records are given up: 60 s to 7 d. Lambda: never.
    pub record_age_max: Option<Duration>,
    /// The delay before the first retry; it doubles up to sixty times as much.
    pub retry_delay: Duration,
    /// The ARN of the queue that is told which records were given up.
    pub on_failure: Option<String>,
    /// Records that match none of these are skipped; no filters let all pass.
    pub filters: Vec<Pattern>,
}

/// Where in a stream a mapping begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// With the oldest record.
    TrimHorizon,
    /// With the next record that is written.
    Latest,
    /// After the record at this position, see [`EventSourceMapping::position`].
    After(u64),
}

impl StreamSource {
    /// A mapping with Lambda's defaults, from the oldest record.
    pub fn new(table: impl Into<String>, function: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            function: function.into(),
            batch_size: 100,
            batching_window: Duration::ZERO,
            starting_position: StartingPosition::TrimHorizon,
            report_batch_item_failures: false,
            bisect_batch_on_function_error: false,
            retry_attempts_max: None,
            record_age_max: None,
            retry_delay: Duration::from_secs(1),
            on_failure: None,
            filters: Vec::new(),
        }
    }

    fn check(&self, host: &LambdaHost, database: &DynamoDb) -> Result<(), MappingError> {
        let batching = Batching {
            source_name: &self.table,
            batch_size: self.batch_size,
            batching_window: self.batching_window,
        };
        batching.check()?;
        if self.retry_attempts_max.is_some_and(|retries| retries > 10_000) {
            return Err(batching.invalid("retry_attempts_max", "must be at most 10000"));
        }
        let ages = Duration::from_secs(60)..=Duration::from_secs(7 * 24 * 60 * 60);
        if self.record_age_max.is_some_and(|age| !ages.contains(&age)) {
            return Err(batching.invalid("record_age_max", "must be 60 s to 7 d"));
        }
        host.function(&self.function)?;
        database.stream_records(&self.table, 0, 1)?;
        Ok(())
    }

    fn first_position(&self, database: &DynamoDb) -> Result<u64, AwsError> {
        let mut position = match self.starting_position {
            StartingPosition::TrimHorizon => return Ok(0),
            StartingPosition::After(position) => return Ok(position),
            StartingPosition::Latest => 0,
        };
        while let Some(last) = database.stream_records(&self.table, position, READ_MAX)?.last() {
            position = last.sequence;
        }
        Ok(position)
    }
}

impl EventSourceMapping {
    /// Starts to invoke a function with the records of a table's stream; what is given up is
    /// recorded in one of `queues`.
    ///
    /// # Errors
    ///
    /// When Lambda would refuse the mapping, or stream or function are not there.
    pub fn from_stream(
        host: &LambdaHost,
        database: &DynamoDb,
        queues: &Sqs,
        source: StreamSource,
    ) -> Result<Self, MappingError> {
        source.check(host, database)?;
        let (mode, modes) = watch::channel(Mode::Running);
        let tally = Arc::new(Tally::default());
        tally.position.store(source.first_position(database)?, Ordering::Relaxed);
        let (table, function) = (source.table.clone(), source.function.clone());
        let backlog = {
            let (database, table, tally) = (database.clone(), table.clone(), Arc::clone(&tally));
            move || {
                let position = tally.position.load(Ordering::Relaxed);
                database.stream_records(&table, position, 1).is_ok_and(|next| !next.is_empty())
            }
        };
        let reader = Reader {
            host: host.clone(),
            database: database.clone(),
            queues: queues.clone(),
            source,
            tally: Arc::clone(&tally),
            gate: Gate::new(modes),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(reader.run());
        Ok(Self {
            source: table,
            function,
            mode: Arc::new(mode),
            tally,
            backlog: Arc::new(backlog),
            tasks: Arc::new(tasks.into()),
        })
    }
}

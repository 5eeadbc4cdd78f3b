//! A mapping from a table's stream: what Lambda refuses of its settings, and its start.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use local_core::AwsError;
use local_dynamodb::DynamoDb;
use local_sqs::Sqs;
use tokio::{sync::watch, task::JoinSet};

use super::{
    Batching, EventSourceMapping, MappingError,
    control::{Gate, Mode, Tally},
    stream_reader::{READ_MAX, Reader},
    stream_source::{StartingPosition, StreamSource},
};
use crate::LambdaHost;

impl StreamSource {
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
    /// Starts to invoke a function with the records of a table's stream; what is discarded is
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

//! The settings of a mapping from a table's stream.

use std::time::Duration;

use local_event_pattern::Pattern;

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
    /// `MaximumRetryAttempts`, after which records are discarded. Lambda: never.
    pub retry_attempts_max: Option<u32>,
    /// `MaximumRecordAge`, after which records are discarded: 60 s to 7 d. Lambda: never.
    pub record_age_max: Option<Duration>,
    /// The delay before the first retry; it doubles up to sixty times as much.
    pub retry_delay: Duration,
    /// The ARN of the queue that is notified of discarded records.
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
    /// After the record at this position, see [`EventSourceMapping::position`](super::EventSourceMapping::position).
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
}

//! Event source mappings: what reads a queue or a stream and invokes a function with it.
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>.

mod api;
mod batch_response;
mod control;
mod filter;
mod slices;
mod sqs;
mod sqs_event;
mod stream;
mod stream_batch;
mod stream_reader;
mod stream_source;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use local_core::AwsError;
use local_event_pattern::PatternError;
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinSet};

pub use api::{MappingDescription, router};
pub use batch_response::{Verdict, verdict};
pub use control::MappingCounters;
use control::{Mode, Tally};
pub use filter::parse_filters;
pub use sqs::SqsSource;
pub use sqs_event::record as queue_record;
pub use stream_batch::{Batch, Next, Slice, identifier};
pub use stream_source::{StartingPosition, StreamSource};

use crate::InvokeError;

/// Lambda's longest batching window.
const BATCHING_WINDOW_MAX: Duration = Duration::from_secs(300);
/// Lambda's largest batch, in records.
const BATCH_SIZE_MAX: usize = 10_000;

/// A running event source mapping. Clones are the same mapping, which ends when the last of them
/// is dropped.
#[derive(Clone)]
pub struct EventSourceMapping {
    source: String,
    function: String,
    mode: Arc<watch::Sender<Mode>>,
    tally: Arc<Tally>,
    backlog: Arc<Backlog>,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

/// Whether the source holds anything that the mapping has not dealt with.
type Backlog = dyn Fn() -> bool + Send + Sync;

impl EventSourceMapping {
    /// The name of the queue or table.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The name of the function.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// Stops taking batches, and attempts at a failed one, until [`resume`](Self::resume). An
    /// invocation under way is finished; [`MappingCounters::in_progress`] tells when.
    pub fn pause(&self) {
        self.change(Mode::Running, Mode::Paused);
    }

    /// Takes batches again after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.change(Mode::Paused, Mode::Running);
    }

    /// Whether the mapping has dealt with everything that its source holds, messages that are
    /// delayed or hidden after a failure included.
    pub fn idle(&self) -> bool {
        self.tally.counters.lock().in_progress == 0 && !(self.backlog)()
    }

    /// What happened since the start.
    pub fn counters(&self) -> MappingCounters {
        *self.tally.counters.lock()
    }

    /// Of a stream: the position of the last record that was dealt with, to continue from with
    /// [`StartingPosition::After`].
    pub fn position(&self) -> u64 {
        self.tally.position.load(Ordering::Relaxed)
    }

    /// Ends the mapping, and returns when what was under way is finished.
    pub async fn stop(&self) {
        self.mode.send_replace(Mode::Stopped);
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        while tasks.join_next().await.is_some() {}
    }

    fn change(&self, from: Mode, to: Mode) {
        self.mode.send_if_modified(|mode| {
            let changes = *mode == from;
            if changes {
                *mode = to;
            }
            changes
        });
    }
}

impl std::fmt::Debug for EventSourceMapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventSourceMapping")
            .field("source", &self.source)
            .field("function", &self.function)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

/// Why a mapping does not start: what `CreateEventSourceMapping` refuses.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// A setting is out of its bounds.
    #[error("event source mapping of {source_name}: {field} {reason}")]
    Invalid {
        /// The queue or table.
        source_name: String,
        /// The field.
        field: &'static str,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// A filter's pattern is none.
    #[error("filter {number}: {error}")]
    Filter {
        /// Which filter, from 1.
        number: usize,
        /// What is wrong with it.
        error: PatternError,
    },
    /// A filter's pattern is not JSON.
    #[error("filter {number}: the pattern is not json: {reason}")]
    FilterJson {
        /// Which filter, from 1.
        number: usize,
        /// What the parser says.
        reason: String,
    },
    /// The function is not there.
    #[error(transparent)]
    Function(#[from] InvokeError),
    /// The queue or the stream is not there.
    #[error(transparent)]
    Source(#[from] AwsError),
}

/// What mappings of all kinds have in common.
struct Batching<'a> {
    source_name: &'a str,
    batch_size: usize,
    batching_window: Duration,
}

impl Batching<'_> {
    fn check(&self) -> Result<(), MappingError> {
        if !(1..=BATCH_SIZE_MAX).contains(&self.batch_size) {
            return Err(self.invalid("batch_size", "must be 1 to 10000"));
        }
        if self.batching_window > BATCHING_WINDOW_MAX {
            return Err(self.invalid("batching_window", "must be at most 300 s"));
        }
        Ok(())
    }

    fn invalid(&self, field: &'static str, reason: &'static str) -> MappingError {
        MappingError::Invalid { source_name: self.source_name.to_owned(), field, reason }
    }
}

//! One call per record of a batch, and the partial batch response that Lambda expects.

mod complete;
mod ordered_batch;
mod poison;
mod queue;
mod read;
mod table_stream;

pub(crate) use ordered_batch::ANSWER;
pub use ordered_batch::{CONCURRENCY_MAX, OrderedBatch, OrderingKey};
pub use poison::{Disposition, LeaveToRedrive, Poison};
pub use queue::{MessageIds, Queue, fifo_group, receive_count};
pub use read::{
    MalformedRecord, QueueBatch, QueueRecord, TableBatch, TableRecord, WrongSource, event_source,
};
pub use table_stream::TableStream;

//! One call per record of a batch, and the partial batch response that Lambda expects.

mod lines;
mod poison;
mod queue;
mod read;
mod settle;
mod table_stream;

pub use lines::{LINES_MAX, Lines, Place};
pub use poison::{Fate, Leave, Poison};
pub use queue::{MessageIds, Queue, fifo_group, receive_count};
pub use read::{
    OddRecord, QueueBatch, QueueRecord, TableBatch, TableRecord, WrongSource, event_source,
};
pub use table_stream::TableStream;

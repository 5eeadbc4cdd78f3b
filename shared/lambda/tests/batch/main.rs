//! Batches, what is handled of them, and what is answered.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod drain;
mod log;
mod model;
mod odd;
mod plan;
mod queue;
mod records;
mod table_stream;
mod time;

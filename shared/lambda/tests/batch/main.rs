//! Batches, what is handled of them, and the responses to them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod drain;
mod log;
mod malformed;
mod model;
mod plan;
mod queue;
mod records;
mod table_stream;
mod time;

//! Batches from queues in process: what is handled, what is delivered again and what is
//! dead-lettered.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dead_letter_queue;
mod log;
mod malformed;
mod order;
mod queues;
mod retry;
mod shop;
mod trace;

//! Batches from queues in process: what is handled, what comes again and what is parked.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod log;
mod odd;
mod order;
mod parking;
mod queues;
mod retry;
mod shop;
mod trace;

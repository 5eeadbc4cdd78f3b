//! The start of workflows over the real SDK, Step Functions and SQS in memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod samples;
mod stories;
mod world;

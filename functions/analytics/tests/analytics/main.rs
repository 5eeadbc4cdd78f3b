//! The totals over the real SDK and a database in memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod samples;
mod stories;
mod world;

//! Timelines over the real SDK and a database in memory, with the table of the template.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod requests;
mod samples;
mod stories;
mod world;

//! The read models over the real SDK and a database in memory, with the tables of the template.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod disorder;
mod faults;
mod metrics;
mod order;
mod samples;
mod stories;
mod world;

//! The inventory over the real SDK and a database in memory, with the tables of the template.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod concurrency;
mod contention;
mod costs;
mod disorder;
mod faults;
mod interleavings;
mod load;
mod order;
mod races;
mod request;
mod samples;
mod shipping;
mod spread;
mod stories;
mod tasks;
mod world;

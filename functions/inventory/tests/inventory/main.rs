//! The inventory over the real SDK and a database in memory, with the tables of the template.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod contention;
mod costs;
mod disorder;
mod faults;
mod interleaving;
mod order;
mod races;
mod request;
mod rush;
mod samples;
mod shipping;
mod spread;
mod stories;
mod tasks;
mod turns;
mod world;

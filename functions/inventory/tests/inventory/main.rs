//! The inventory over the real SDK and a database in memory, with the tables of the template.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod disorder;
mod faults;
mod order;
mod rush;
mod samples;
mod stories;
mod world;

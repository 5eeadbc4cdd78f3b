//! The shipping service over the real SDK, a database in memory and a carrier over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod mishaps;
mod samples;
mod stories;
mod tasks;
mod world;

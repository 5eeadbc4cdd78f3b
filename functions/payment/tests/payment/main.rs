//! The payment service over the real SDK, a database in memory and a provider over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod customers;
mod faults;
mod mishaps;
mod protections;
mod samples;
mod stories;
mod tasks;
mod webhooks;
mod world;

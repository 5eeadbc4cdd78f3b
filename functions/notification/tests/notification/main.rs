//! The notifications over the real SDKs, a database in memory and a post office over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod office;
mod privacy;
mod provider_errors;
mod samples;
mod stories;
mod world;

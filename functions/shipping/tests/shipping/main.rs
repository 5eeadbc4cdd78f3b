//! The shipping service over the real SDK, a database in memory and a carrier over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod provider_errors;
mod samples;
mod side_effect;
mod stories;
mod world;

//! The payment service over the real SDK, a database in memory and a provider over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod customers;
mod provider_errors;
mod retry_safety;
mod samples;
mod side_effect;
mod stories;
mod webhooks;
mod world;

//! The order service over the real SDK and the template's own tables.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cancelling;
mod deliveries;
mod faults;
mod identity;
mod limits;
mod news;
mod placing;
mod refusals;
mod request;
mod resuming;
mod samples;
mod sweeping;
mod tasks;
mod world;

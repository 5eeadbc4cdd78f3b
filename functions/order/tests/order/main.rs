//! The order service over the real SDK and the template's own tables.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cancelling;
mod deliveries;
mod faults;
mod handler;
mod identity;
mod limits;
mod place_order;
mod refusals;
mod request;
mod resuming;
mod samples;
mod sweeping;
mod tasks;
mod world;

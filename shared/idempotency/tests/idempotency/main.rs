//! One effect per event, over the real SDK against an embedded DynamoDB: whatever comes twice,
//! whatever crashes, and whoever else is at it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod costs;
mod handlers;
mod holders;
mod host;
mod host_leases;
mod host_sweep;
mod leased;
mod limits;
mod parcel;
mod sweep;
mod transactional;
mod world;

//! One effect per event, over the real SDK against an embedded DynamoDB: whatever comes twice,
//! whatever crashes, and whichever other attempts run.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod costs;
mod handling;
mod leases;
mod log;
mod parcel;
mod reviews;
mod scenarios;
mod stored;
mod sweep;
mod tasks;
mod world;

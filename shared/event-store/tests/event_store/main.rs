//! Streams over the real SDK against an embedded DynamoDB: nothing is lost, nothing is there twice,
//! and no command is decided on a stale state.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod appending;
mod executing;
mod loading;
mod marking;
mod sweep;
mod world;

//! Carries stored events from the tables' streams to the bus.
//!
//! It knows no event and keeps no state: what a table says is to be published is published, and
//! what the bus does not accept comes again with the stream.

pub mod config;
pub mod handler;

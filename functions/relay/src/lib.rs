//! Carries stored events from the tables' streams to the bus.
//!
//! It knows no event and keeps no state: what a table says, in the name of a service that speaks
//! from it, is published, and what the bus does not accept just now comes again with the stream.

pub mod build;
pub mod config;

//! Publishes stored events from the tables' streams to the bus.
//!
//! It knows no event and keeps no state: an event in a table, in the name of a service that may
//! publish from it, is published, and what the bus does not accept just now is delivered again by
//! the stream.

pub mod build;
pub mod config;

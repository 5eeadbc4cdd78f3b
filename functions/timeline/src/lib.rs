//! What happened to an order: the events of every service, each after the event that caused it.
//!
//! `timeline` consumes every event and publishes nothing. An event is one item, and the event's id
//! is the item's: a second delivery, or a replay of the archive, writes the same item again. So
//! there is no record of what was handled, and an event costs one write unit.
//!
//! `timeline-api` shows customers the timeline of their own orders, and operators that of any.
//!
//! Items keep ids, codes, numbers and amounts. They keep no text that people or providers wrote, as
//! it may name a person, and nothing of how a customer pays or where they live.

pub mod api;
pub mod build;
pub mod config;
pub mod domain;
pub mod handler;
mod table;

pub use table::Table;

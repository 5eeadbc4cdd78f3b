//! Read models: what queries read, folded from events.
//!
//! Hears every event and publishes nothing. One row an order serves both read models: the row is
//! the order's detail, its index by user is the list of a customer's orders.

pub mod config;
pub mod handler;
pub mod view;

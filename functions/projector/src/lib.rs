//! Read models: what queries read, folded from events.
//!
//! Consumes every event and publishes nothing. One row an order serves both read models: the row is
//! the order's detail, its index by user is the list of a customer's orders.
//!
//! What waits for a person is in two sparse indexes, `payment-review` and `shipping-review`: a row
//! is in one while its service has abandoned a step, and has published nothing since.

pub mod build;
pub mod config;
pub mod handler;
pub mod metrics;
pub mod view;

//! Payments: an order is charged once, and refunded once if it must be.
//!
//! Charged it is when it was placed *and* its stock is reserved, whichever is heard first.
//! Everything known of the payment of an order is one row, and what is said about it is written
//! with it.

pub mod config;
pub mod domain;
pub mod gateway;
pub mod handler;

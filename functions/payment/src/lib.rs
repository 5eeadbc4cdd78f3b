//! Payments: an order is charged once, and refunded once if it must be.
//!
//! Charged it is when it was placed *and* its stock is reserved, whichever is heard first.
//! Everything known of the payment of an order is one row, and what is said about it is written
//! with it. What a workflow asks for is told to the same machine as what the events say.
//!
//! `payment` hears events and takes tasks ([`tasks`]). `payment-webhooks` is told by the provider
//! that something has changed there ([`webhooks`]), and has `payment` look again.

pub mod config;
pub mod customers;
pub mod domain;
pub mod gateway;
pub mod handler;
pub mod tasks;
pub mod webhooks;

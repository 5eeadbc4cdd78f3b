//! Payments: an order is charged once, and refunded once if it must be.
//!
//! Charged it is when it was placed *and* its stock is reserved, whichever event comes first.
//! Everything known of the payment of an order is one item, and its events are written with it. The
//! tasks of a workflow are inputs of the same state machine as the events.
//!
//! `payment` consumes events and takes tasks ([`tasks`]). `payment-webhooks` receives from the
//! provider that something has changed there ([`webhooks`]), and has `payment` check again.

pub mod build;
pub mod config;
pub mod customers;
pub mod domain;
pub mod gateway;
pub mod handler;
pub mod tasks;
pub mod webhooks;

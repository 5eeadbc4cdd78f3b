//! Shipments: one per paid order, none for a cancelled one.
//!
//! Shipped an order is when it was placed *and* paid for, whichever event comes first. Everything
//! known of the shipment of an order is one item, and its events are written with it. The tasks of
//! a workflow are inputs of the same state machine as the events.

pub mod build;
pub mod carrier;
pub mod config;
pub mod domain;
pub mod handler;
pub mod tasks;

//! Shipments: one per paid order, none for a cancelled one.
//!
//! Shipped an order is when it was placed *and* paid for, whichever is heard first. Everything
//! known of the shipment of an order is one row, and what is said about it is written with it.
//! What a workflow asks for is told to the same machine as what the events say.

pub mod carrier;
pub mod config;
pub mod domain;
pub mod handler;
pub mod tasks;

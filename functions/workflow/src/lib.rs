//! Starts the fulfilment workflow of each order: one execution, named after the order.
//!
//! Hears `OrderCreated` and says nothing. It is there only where the template's fulfilment mode is
//! orchestration; in the other mode the services hear of each other instead.

pub mod build;
pub mod config;
pub mod handler;

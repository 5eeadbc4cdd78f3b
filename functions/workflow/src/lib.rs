//! Starts the fulfilment workflow of each order: one execution, named after the order.
//!
//! Consumes `OrderCreated` and publishes nothing. It is there only where the template's fulfilment
//! mode is orchestration; in the other mode the services consume each other's events instead.

pub mod build;
pub mod config;
pub mod handler;

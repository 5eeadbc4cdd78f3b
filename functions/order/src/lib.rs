//! Orders. `order-api` takes the commands of customers; `order-events` hears what other services
//! say. Both append to one event-sourced stream for each order.
//!
//! Publishes `OrderCreated`, `OrderPaid`, `OrderShipped`, `OrderCompleted` and `OrderCancelled`.

pub mod api;
mod card;
pub mod config;
pub mod domain;
pub mod news;
pub mod placing;
pub mod products;

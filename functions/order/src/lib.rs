//! Orders. `order-api` takes the commands of customers and operators; `order-events` consumes what
//! other services publish, and takes the tasks of an order's workflow ([`tasks`]); `order-sweeper`
//! cancels what takes too long. All of them append to one event-sourced stream for each order.
//!
//! Publishes `OrderCreated`, `OrderPaid`, `OrderShipped`, `OrderCompleted`, `OrderTimedOut`,
//! `OrderCancelled` and `OrderResumed`.

mod answers;
pub mod api;
pub mod build;
pub mod config;
pub mod deadlines;
pub mod domain;
pub mod handler;
pub mod limit;
pub mod lookup;
pub mod place_order;
pub mod sweeper;
pub mod tasks;

//! The shop's figures: what happens to orders, by quarter of an hour and currency; what is sold of
//! each product; and a board of the last hour.
//!
//! Consumes `OrderCreated`, `OrderCompleted`, `OrderCancelled`, `PaymentCompleted` and
//! `PaymentRefunded`, and publishes nothing. A consumer like this changes nothing in the services
//! that publish: rules, a queue, tables, and the files beside this one are all of it.
//!
//! Figures are exact: each event is counted once, however often and in whatever order it is
//! delivered, because the addition and the record that the event was handled are one transaction.
//! Revenue is what was captured, when it was captured, and what went back is subtracted when it goes
//! back. So the net is right at any time, also for orders that are cancelled after they were paid.
//!
//! An item takes some hundred transactions a second, and so the figures of a quarter and a currency
//! are spread over [`SHARDS`](domain::SHARDS) items. A transaction that meets another one is tried
//! again for two seconds, and then waits in the queue.

pub mod api;
pub mod build;
pub mod config;
pub mod days;
pub mod domain;
pub mod figures;
pub mod handler;
pub mod quarter;
mod tables;

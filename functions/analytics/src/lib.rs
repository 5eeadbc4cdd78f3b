//! How many orders are completed a day, and what they come to, by currency.
//!
//! Consumes `OrderCompleted` and publishes nothing. A consumer like this changes nothing in the
//! services that publish: a rule, a queue, a table, and the four files beside this one are all of
//! it.
//!
//! A total is exact: each order is counted once, however often its event is delivered, because
//! the addition and the record that the event was handled are one transaction. It costs 4 write
//! units an order.
//!
//! All orders of a day and a currency add to one item, and an item takes some hundred transactions
//! a second. Beyond that, an addition that meets contention is retried and waits in the queue; a
//! shop that is busier all day spreads a total over several items, as the inventory does its stock.

pub mod build;
pub mod config;
pub mod domain;
pub mod handler;

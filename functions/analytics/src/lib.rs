//! How many orders are completed a day, and what they come to, by currency.
//!
//! Hears `OrderCompleted` and says nothing. A subscriber like this changes nothing in the services
//! that it listens to: a rule, a queue, a table, and the four files beside this one are all of it.
//!
//! A figure is exact: each order is counted once, however often its event is delivered, because
//! the addition and the record that the event was handled are one transaction. It costs 4 write
//! units an order.
//!
//! All orders of a day and a currency add to one row, and a row takes some hundred transactions a
//! second. Beyond that, what does not get through is tried again and waits in the queue; a shop
//! that is busier all day spreads a figure over several rows, as the inventory does its stock.

pub mod build;
pub mod config;
pub mod domain;
pub mod handler;

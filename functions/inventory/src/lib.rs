//! Stock and reservations: all lines of an order are reserved or none is, and what was reserved is
//! released once.
//!
//! `inventory` hears `OrderCreated`, `OrderCancelled`, `PaymentFailed`, `ShippingFailed` and
//! `OrderShipped`; it publishes `InventoryReserved`, `InventoryReservationFailed` and
//! `InventoryReleased`. It also takes the tasks of an order's workflow ([`tasks`]).
//! `inventory-api` takes the commands of administrators ([`api`]).
//!
//! # What is available, and what is reserved
//!
//! *available* is what is free to be sold: what orders hold is not in it. *reserved* is what they
//! hold that have neither been called off nor been shipped. Both are in the rows of stock: the
//! write that takes goods from one adds them to the other, so that the count costs no write and no
//! moment shows one without the other.
//!
//! That goods have left is news (`OrderShipped`). Where no rule hands it to this function,
//! everything works but the count: *reserved* then has what was shipped in it, too.
//!
//! # Products that many want at once
//!
//! A partition of DynamoDB, and so a row, takes at most 500 writes of transactions a second; an
//! order is one, and one more when it is released or shipped. The stock of a product may be spread
//! over up to 16 rows ([`shards`]), each product's as it needs.
//!
//! | an order | is decided by |
//! |---|---|
//! | of products in one row each | one transaction; nothing is read |
//! | of spread products | the same, each line from the shard that the order's id leads to |
//! | whose shard has too little | one more look at all shards, and a transaction that takes the line from another shard, or from several |
//! | of more pieces than all shards have at one moment | the look that found it so: all shards at once |
//! | in more rows than a transaction takes | moving some products' pieces together first |
//!
//! Nobody is told that a product is out of stock while there was enough of it, and nobody gets
//! what another one has. How a product is spread need not be known for that: a process guesses
//! what it saw last, and a row refuses who guessed wrong.
//!
//! # What it costs
//!
//! In write units, for *n* lines; in brackets the calls to the database.
//!
//! | | |
//! |---|---|
//! | an order, spread or not | 4 + 2*n* (1) |
//! | an order that takes from *k* rows | 4 + 2*k*, and 2 read units for each shard of what it looked at (3) |
//! | an order that is refused | 4 (2), and a look (3) where products are spread |
//! | releasing an order | 4 + 2*n*, and 1 read unit (2) |
//! | noting that an order was shipped | 4 + 2*n*, and 1 read unit (2) |
//! | any of these as a task | 1 read unit more, for its answer (1 more) |
//! | a command on a product in *s* rows | 4 + 2*s*, and 1 + 2*s* read units; 1 for a single row |
//!
//! # Together with earlier versions
//!
//! A product's own row is its shard 0, and a reservation that says no shards holds what lies there.
//! So versions that know neither read and release what this one has reserved, and the other way
//! round, and no stock is lost between them. Two things only this version can do: find what lies in
//! other shards, so that products are spread when no earlier version runs any more; and count, so
//! that what an earlier one releases of this one's, in the minutes of a deployment, stays counted.

pub mod api;
pub mod build;
pub mod commands;
pub mod config;
mod contention;
pub mod domain;
pub mod handler;
mod movements;
mod reservations;
mod reserving;
mod rows;
mod shard_cache;
pub mod shards;
mod stock;
pub mod tasks;

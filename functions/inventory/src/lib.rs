//! Stock and reservations: all lines of an order are reserved or none is, and what was reserved is
//! released once.
//!
//! `inventory` consumes `OrderCreated`, `OrderCancelled`, `PaymentFailed`, `ShippingFailed` and
//! `OrderShipped`; it publishes `InventoryReserved`, `InventoryReservationFailed` and
//! `InventoryReleased`. It also takes the tasks of an order's workflow ([`tasks`]).
//! `inventory-api` takes the commands of administrators ([`api`]).
//!
//! # What is available, and what is reserved
//!
//! *available* is what is free to be sold: what orders hold is not in it. *reserved* is what
//! orders hold that have neither been cancelled nor shipped. Both are in the items of stock: the
//! write that takes goods from one adds them to the other, so that the count costs no write and no
//! moment shows one without the other.
//!
//! That goods have left is an event (`OrderShipped`). Where no rule sends it to this function,
//! everything works but the count: *reserved* then has what was shipped in it, too.
//!
//! # Products that many orders want at once
//!
//! A partition of DynamoDB, and so an item, takes at most 500 writes of transactions a second; an
//! order is one, and one more when it is released or shipped. The stock of a product may be spread
//! over up to 16 items ([`shards`]), each product's as it needs.
//!
//! | an order | is decided by |
//! |---|---|
//! | of products in one item each | one transaction; nothing is read |
//! | of spread products | the same, each line from the shard that the order's id leads to |
//! | whose shard has too little | one read of all shards, and a transaction that takes the line from another shard, or from several |
//! | of more pieces than all shards have at one moment | the read of all shards at once |
//! | in more items than a transaction takes | moving some products' pieces together first |
//!
//! No order is refused as out of stock while there was enough, and no two orders get the same
//! pieces. How a product is spread need not be known for that: a process assumes what it saw last,
//! and a wrong assumption fails the condition of the write.
//!
//! # What it costs
//!
//! In write units, for *n* lines; in brackets the calls to the database.
//!
//! | | |
//! |---|---|
//! | an order, spread or not | 4 + 2*n* (1) |
//! | an order that takes from *k* items | 4 + 2*k*, and 2 read units for each shard that it reads (3) |
//! | an order that is refused | 4 (2), and a read (3) where products are spread |
//! | releasing an order | 4 + 2*n*, and 1 read unit (2) |
//! | noting that an order was shipped | 4 + 2*n*, and 1 read unit (2) |
//! | any of these as a task | 1 read unit more, for its answer (1 more) |
//! | a command on a product in *s* items | 4 + 2*s*, and 1 + 2*s* read units; 1 for a single item |
//!
//! # Together with earlier versions
//!
//! A product's own item is its shard 0, and a reservation without shards holds what lies there.
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
mod shard_cache;
pub mod shards;
mod stock;
mod stock_item;
pub mod tasks;

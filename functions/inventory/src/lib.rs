//! Stock and reservations: all lines of an order are reserved or none is, and what was reserved is
//! released once.
//!
//! Hears `OrderCreated`, `OrderCancelled`, `PaymentFailed` and `ShippingFailed`; publishes
//! `InventoryReserved`, `InventoryReservationFailed` and `InventoryReleased`.

pub mod config;
pub mod domain;
pub mod handler;
mod tables;

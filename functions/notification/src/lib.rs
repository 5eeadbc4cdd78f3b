//! Mails to the customer, one for each thing worth knowing.
//!
//! Consumes `OrderCreated`, `PaymentCompleted`, `ShipmentCreated` and `OrderCancelled`; publishes
//! `NotificationSent` and `NotificationFailed`.

pub mod build;
pub mod config;
pub mod contacts;
pub mod domain;
pub mod handler;
pub mod mail;

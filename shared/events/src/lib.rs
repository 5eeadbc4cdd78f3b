//! The catalogue of events: every type that a service publishes, its version, its source and its
//! data.
//!
//! Events are facts in the past tense, and public contracts: a stored event is never changed. What
//! a service keeps for itself stays in its crate.

mod catalogue;
mod inventory;
mod money;
mod notification;
mod order;
mod payment;
mod shipping;
mod upcast;

pub use catalogue::{CATALOGUE, Entry, Event, SOURCES, source};
pub use inventory::{
    InventoryReleased, InventoryReservationFailed, InventoryReserved, ReservedItem, Shortage,
};
pub use money::{Currency, InvalidMoney, Money};
pub use notification::{NotificationFailed, NotificationSent, Template};
pub use order::{
    CancelReason, LineItem, OrderCancelled, OrderCompleted, OrderCreated, OrderPaid, OrderShipped,
};
pub use payment::{PaymentCompleted, PaymentFailed, PaymentRefunded};
pub use shipping::{ShipmentCreated, ShippingFailed};

use event_envelope::Decoder;

/// Reads what arrives: events of this catalogue, in whatever wrapping and version.
pub const DECODER: Decoder = Decoder::new("orderId");

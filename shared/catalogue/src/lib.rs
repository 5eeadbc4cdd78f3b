#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod catalogue;
mod currency;
mod data;
mod inventory;
mod live;
mod money;
mod notification;
mod order;
mod payment;
mod read;
#[cfg(feature = "schema")]
pub mod schema;
mod shipping;
mod subscribe;
pub mod v1;
pub mod v2;

pub use catalogue::{CATALOGUE, Entry, Event, Published, SOURCES, source};
pub use currency::{Currency, InvalidCurrency};
pub use inventory::{
    InventoryReleased, InventoryReservationFailed, InventoryReserved, ReservedItem, Shortage,
};
pub use live::{OLDEST_LIVE, check_live};
pub use money::{InvalidMoney, Money};
pub use notification::*;
pub use order::*;
pub use payment::*;
pub use shipping::*;

use event_envelope::Decoder;
#[doc(hidden)]
pub use event_envelope::{AggregateId, DecodeError, Envelope, FromEnvelope};

/// Reads delivered events of this catalogue, in any wrapping and version.
pub const DECODER: Decoder = Decoder::new("orderId");

/// Reads events from a rule of the bus, for a consumer that accepts replays: in every version.
pub const ON_BUS: Decoder = DECODER.event_bridge_only();

/// Reads events from a rule of the bus, for a consumer that refuses replays. Live events have to
/// pass [`check_live`].
pub const LIVE: Decoder = ON_BUS.check_live(check_live);

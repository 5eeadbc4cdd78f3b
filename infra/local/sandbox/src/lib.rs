//! Stand-ins for the world outside AWS, each an HTTP service with a ledger of its own:
//! [`Payments`] (cards, in Stripe's shape), [`Carrier`] (shipments) and [`Mail`] (SES v2).
//!
//! The ledger is what really happened, whoever was told: a charge whose answer got lost is in
//! it. Tests read it in process; people read it at `GET /_sandbox/ledger`.
//! What goes wrong is scripted, see [`Outcome`].
//! Nothing here logs keys, addresses or the content of mail.

mod carrier;
mod clock;
mod conduct;
mod idempotency;
mod mail;
mod payments;
mod script;

pub use carrier::{Carrier, Shipment, ShipmentStatus};
pub use clock::{Clock, system_clock};
pub use mail::{Mail, SentMail};
pub use payments::{EntryKind, LedgerEntry, Payments};
pub use script::{Outcome, OutcomeError};

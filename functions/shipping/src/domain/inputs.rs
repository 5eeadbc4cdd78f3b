//! What a shipment takes, and what it has the carrier do.

use event_envelope::AggregateId;
use serde::{Deserialize, Serialize};

/// A shipment as the carrier knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parcel {
    /// The carrier's id for it.
    pub shipment_id: String,
    /// The carrier.
    pub carrier: String,
    /// The number to follow it by.
    pub tracking_number: String,
}

/// Where an order goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// An id that the carrier's address book knows.
    pub address: AggregateId,
    /// Whose address it must be. None in items that were written before customers were kept.
    pub customer: Option<AggregateId>,
}

/// Why the order is not shipped, and will not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
}

/// Why something is abandoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// How often it was tried.
    pub attempts: u32,
    /// What stood in the way the last time, for people.
    pub reason: String,
}

/// What a shipment takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The order was placed, and goes there.
    Created(Destination),
    /// The order is paid for.
    Paid,
    /// The order is off.
    Cancelled,
    /// The carrier has it.
    Shipped(Parcel),
    /// The carrier refuses for good.
    Refused(Refusal),
    /// The shipment was called back.
    Voided,
    /// What was pending keeps failing, and is abandoned.
    GaveUp(Review),
    /// An operator has removed what stood in the way.
    Resumed,
}

/// What a shipment has the carrier do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Ship the order. Leads to [`Input::Shipped`] or [`Input::Refused`].
    Ship {
        /// Where to.
        to: Destination,
    },
    /// Bring an attempt to ship the order to its end, so that nothing of it is still on its way.
    /// Leads to what [`Ship`](Self::Ship) leads to.
    Reconcile {
        /// Where the attempt was to.
        to: Destination,
    },
    /// Call the shipment back. Leads to [`Input::Voided`].
    Void {
        /// The carrier's id for it.
        shipment_id: String,
    },
}

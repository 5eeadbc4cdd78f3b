//! The events that a shipment emits.

use catalogue::{Event, ShipmentCreated, ShippingFailed, ShippingNeedsReview, ShippingStep};
use event_envelope::AggregateId;

use super::{Parcel, Refusal, Review};

/// Why an order is not shipped, or called back, that was cancelled meanwhile: for programs.
pub const CANCELLED: &str = "cancelled";

/// The events that a shipment emits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShippingEvent {
    /// The carrier has the order.
    Created(Parcel),
    /// The order will not be shipped.
    Failed(Refusal),
    /// A step needs manual intervention.
    NeedsReview(ShippingStep, Review),
}

impl Parcel {
    /// The event that the carrier has this.
    pub(super) fn event(&self) -> ShippingEvent {
        ShippingEvent::Created(self.clone())
    }
}

impl Refusal {
    /// The event of this.
    pub(super) fn event(&self) -> ShippingEvent {
        ShippingEvent::Failed(self.clone())
    }
}

impl Review {
    /// The event that `step` is abandoned for this.
    pub(super) fn of(&self, step: ShippingStep) -> ShippingEvent {
        ShippingEvent::NeedsReview(step, self.clone())
    }
}

impl ShippingEvent {
    /// The event that a shipment was called back.
    pub(super) fn recalled() -> Self {
        Self::Failed(Refusal {
            code: CANCELLED.to_owned(),
            reason: "the order was cancelled, and its shipment called back".to_owned(),
        })
    }

    /// The event of the catalogue, for the shipment of `order`.
    pub(super) fn published(&self, order: &AggregateId) -> Event {
        let order_id = order.clone();
        match self.clone() {
            Self::Created(Parcel { shipment_id, carrier, tracking_number }) => {
                ShipmentCreated { order_id, shipment_id, carrier, tracking_number }.into()
            }
            Self::Failed(Refusal { code, reason }) => {
                ShippingFailed { order_id, code, reason }.into()
            }
            Self::NeedsReview(step, Review { attempts, reason }) => {
                ShippingNeedsReview { order_id, step, attempts, reason }.into()
            }
        }
    }
}

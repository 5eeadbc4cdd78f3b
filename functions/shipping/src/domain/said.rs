//! What a shipment says to others.

use event_envelope::AggregateId;
use events::{Event, ShipmentCreated, ShippingFailed, ShippingNeedsReview, ShippingStep};

use super::{Refusal, Review, Shipment};

/// Why an order is not shipped, or called back, that was cancelled meanwhile: for programs.
pub const CANCELLED: &str = "cancelled";

/// What a shipment says to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The carrier has the order.
    Created(Shipment),
    /// The order will not be shipped.
    Failed(Refusal),
    /// A person has to look.
    NeedsReview(ShippingStep, Review),
}

impl Shipment {
    /// What is said when the carrier has this.
    pub(super) fn said(&self) -> Said {
        Said::Created(self.clone())
    }
}

impl Refusal {
    /// What is said of this.
    pub(super) fn said(&self) -> Said {
        Said::Failed(self.clone())
    }
}

impl Review {
    /// What is said when `step` is given up for this.
    pub(super) fn of(&self, step: ShippingStep) -> Said {
        Said::NeedsReview(step, self.clone())
    }
}

impl Said {
    /// What is said when a shipment was called back.
    pub(super) fn recalled() -> Self {
        Self::Failed(Refusal {
            code: CANCELLED.to_owned(),
            reason: "the order was cancelled, and its shipment called back".to_owned(),
        })
    }

    /// The event of the catalogue, for the shipment of `order`.
    pub(super) fn event(&self, order: &AggregateId) -> Event {
        let order_id = order.clone();
        match self.clone() {
            Self::Created(Shipment { shipment_id, carrier, tracking_number }) => {
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

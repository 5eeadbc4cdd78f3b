//! The shipment of an order as a small state machine that takes facts in any order.
//!
//! ```text
//!            created + paid            shipped             cancelled
//! Waiting ──────────────────► Shipping ────────► Shipped ────────────► (void) Voided
//!                                │  │  refused
//!                      cancelled │  └─────────► Refused
//!                                ▼
//!                             Tracing ──► Shipped, Refused or NotShipped
//! ```
//!
//! A shipment is due only in `Shipping`, so an order that was cancelled before that is never
//! shipped. One that is cancelled *while* it is being shipped needs care: the carrier may have
//! taken it although nobody heard the answer. Such a shipment is traced, and called back if it is
//! there.

use event_envelope::{AggregateId, Draft};
use events::{Event, ShipmentCreated, ShippingFailed};
use idempotency::Machine;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

/// Why a shipment is called back, for programs.
pub const CANCELLED: &str = "cancelled";

/// A shipment as the carrier knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    /// The carrier's id for it.
    pub shipment_id: String,
    /// Who carries it.
    pub carrier: String,
    /// The number to follow it by.
    pub tracking_number: String,
}

/// What a shipment is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The order was placed.
    Created {
        /// Where it goes, by an id that the carrier's address book knows.
        address: AggregateId,
    },
    /// The order is paid for.
    Paid,
    /// The order is off.
    Cancelled,
    /// The carrier has it.
    Shipped(Shipment),
    /// The carrier refuses for good.
    Refused {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        reason: String,
    },
    /// The carrier knows of no shipment.
    NotShipped,
    /// The shipment was called back.
    Voided,
}

/// What a shipment has the carrier do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ship the order. Leads to [`Fact::Shipped`] or [`Fact::Refused`].
    Ship {
        /// Where to.
        address: AggregateId,
    },
    /// Find out whether an attempt to ship the order went through. Leads to [`Fact::Shipped`] or
    /// [`Fact::NotShipped`].
    Trace,
    /// Call the shipment back. Leads to [`Fact::Voided`].
    Void {
        /// The carrier's id for it.
        shipment_id: String,
    },
}

/// What a shipment says to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The carrier has the order.
    Created(Shipment),
    /// The order will not be shipped.
    Failed {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        reason: String,
    },
}

/// The shipment of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<AggregateId>,
    is_paid: bool,
    is_cancelled: bool,
    progress: Progress,
}

/// How far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase")]
enum Progress {
    /// Nothing was tried.
    #[default]
    Waiting,
    /// The shipment is due. The host stores this only with the lease of an attempt, so a stored
    /// `Shipping` means that the carrier may have been asked.
    Shipping,
    /// Cancelled while `Shipping`.
    Tracing,
    Shipped(Shipment),
    Refused {
        code: String,
        reason: String,
    },
    NotShipped,
    Voided(Shipment),
}

impl Dispatch {
    fn hear(&mut self, fact: &Fact) -> Option<Said> {
        match fact {
            Fact::Created { address } => {
                self.address.get_or_insert_with(|| address.clone());
                None
            }
            Fact::Paid => {
                self.is_paid = true;
                None
            }
            Fact::Cancelled => {
                self.is_cancelled = true;
                None
            }
            Fact::Shipped(shipment) if self.awaits_shipment() => {
                self.progress = Progress::Shipped(shipment.clone());
                // Nobody is told that a cancelled order is on its way: it is called back.
                (!self.is_cancelled).then(|| Said::Created(shipment.clone()))
            }
            Fact::Refused { code, reason } if self.awaits_shipment() => {
                let (code, reason) = (code.clone(), reason.clone());
                self.progress = Progress::Refused { code: code.clone(), reason: reason.clone() };
                Some(Said::Failed { code, reason })
            }
            Fact::NotShipped if self.progress == Progress::Tracing => {
                self.progress = Progress::NotShipped;
                None
            }
            Fact::Voided => self.call_back(),
            // An answer that came before: the first one counts.
            Fact::Shipped(_) | Fact::Refused { .. } | Fact::NotShipped => None,
        }
    }

    fn call_back(&mut self) -> Option<Said> {
        let shipment = self.void_due()?.clone();
        self.progress = Progress::Voided(shipment);
        let reason = "the order was cancelled, and its shipment called back".to_owned();
        Some(Said::Failed { code: CANCELLED.to_owned(), reason })
    }

    fn awaits_shipment(&self) -> bool {
        matches!(self.progress, Progress::Shipping | Progress::Tracing)
    }

    fn void_due(&self) -> Option<&Shipment> {
        match &self.progress {
            Progress::Shipped(shipment) if self.is_cancelled => Some(shipment),
            Progress::Waiting
            | Progress::Shipping
            | Progress::Tracing
            | Progress::Shipped(_)
            | Progress::Refused { .. }
            | Progress::NotShipped
            | Progress::Voided(_) => None,
        }
    }

    /// Goes on to what the facts allow now.
    fn advance(&mut self) {
        let is_ready = self.address.is_some() && self.is_paid && !self.is_cancelled;
        if self.progress == Progress::Waiting && is_ready {
            self.progress = Progress::Shipping;
        } else if self.progress == Progress::Shipping && self.is_cancelled {
            self.progress = Progress::Tracing;
        }
    }
}

impl Machine for Dispatch {
    type Fact = Fact;
    type Effect = Effect;
    type Event = Said;

    fn apply(mut self, fact: &Fact) -> (Self, Vec<Said>) {
        let said = self.hear(fact);
        self.advance();
        (self, said.into_iter().collect())
    }

    fn due(&self) -> Option<Effect> {
        match &self.progress {
            Progress::Shipping => self.address.clone().map(|address| Effect::Ship { address }),
            Progress::Tracing => Some(Effect::Trace),
            Progress::Shipped(_) => self
                .void_due()
                .map(|shipment| Effect::Void { shipment_id: shipment.shipment_id.clone() }),
            Progress::Waiting
            | Progress::Refused { .. }
            | Progress::NotShipped
            | Progress::Voided(_) => None,
        }
    }

    fn draft(
        said: &Said,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value> {
        let order_id = aggregate.clone();
        let event: Event = match said.clone() {
            Said::Created(Shipment { shipment_id, carrier, tracking_number }) => {
                ShipmentCreated { order_id, shipment_id, carrier, tracking_number }.into()
            }
            Said::Failed { code, reason } => ShippingFailed { order_id, code, reason }.into(),
        };
        event.draft(aggregate, sequence, at)
    }
}

#[cfg(test)]
mod tests;

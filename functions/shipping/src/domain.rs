//! The shipment of an order as a small state machine that takes inputs in any order.
//!
//! ```text
//!           created + paid             shipped            cancelled
//! Absent ─────────────────► Shipping ─────────► Shipped ────────────► Recalling ──► Voided
//!                              │  │  refused                            │  ▲
//!                    cancelled │  └──────────► Refused          gave up ▼  │ resumed
//!                              ▼                                   RecallInReview
//!                           Reconciling ──► Recalling or Refused
//! ```
//!
//! A shipment is pending only in `Shipping`, so an order that was cancelled before that is never
//! shipped. One that is cancelled *while* it is being shipped needs care: the carrier may have
//! taken it although its answer was lost, or may still take it, from a request that is on its way.
//! Such a shipment is reconciled, which is to ask for the very same once more: then the carrier has it,
//! once, and it can be called back. A query alone would miss what arrives later. Shipping is never
//! abandoned here: the order's deadline cancels it. Calling back is, when it keeps failing or the
//! carrier refuses: an operator then removes what stood in the way, and resumes it.
//!
//! However a step ends that may be abandoned, the shipment emits an event: a review that one event
//! of the shipment opened is closed by the next one, and by nothing else.

mod event;
mod inputs;
mod stored;

use catalogue::ShippingStep;
use event_envelope::{AggregateId, Draft};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use state_machine::StateMachine;
use time::OffsetDateTime;

pub use event::{CANCELLED, ShippingEvent};
pub use inputs::{Command, Destination, Input, Parcel, Refusal, Review};
pub use stored::Incomplete;

/// The shipment of one order.
///
/// What follows from an input, in whatever order inputs come: the next state, and *the event* that
/// is emitted.
///
/// | | created | paid | cancelled | shipped | refused | voided | gave up | resumed |
/// |---|---|---|---|---|---|---|---|---|
/// | *absent* | ordered | paid | withdrawn | – | – | – | – | – |
/// | ordered | – | shipping | withdrawn | – | – | – | – | – |
/// | paid | shipping | – | withdrawn | – | – | – | – | – |
/// | withdrawn | – | – | – | – | – | – | – | – |
/// | shipping | – | – | reconciling | shipped *created* | refused *failed* | – | – | – |
/// | reconciling | – | – | – | recalling | refused *failed* | – | reconcile in review *needs review* | – |
/// | shipped | – | – | recalling | – | – | – | – | – |
/// | recalling | – | – | – | – | – | voided *failed* | recall in review *needs review* | – |
/// | refused | – | – | – | – | – | – | – | – |
/// | voided | – | – | – | – | – | – | – | – |
/// | reconcile in review | – | – | – | – | – | – | – | reconciling |
/// | recall in review | – | – | – | – | – | – | – | recalling |
///
/// – : it has taken effect, or never will. Of answers, the first one counts. No event
/// is emitted for the parcel of a cancelled order: it is called back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "stored::Stored", into = "stored::Stored")]
pub enum Shipment {
    /// Nothing is known of the order.
    #[default]
    Absent,
    /// The order was placed, to go to this address, and waits to be paid for.
    Ordered(Destination),
    /// An order was paid for that is not known yet.
    Paid,
    /// The order was cancelled before it was shipped: a tombstone, it is never shipped.
    Withdrawn,
    /// The shipment is pending, to this address. The runner stores this only with the lease of an
    /// attempt, so a stored `Shipping` means that the carrier may have been asked.
    Shipping(Destination),
    /// Cancelled while `Shipping`, to this address.
    Reconciling(Destination),
    /// The carrier has it.
    Shipped(Parcel),
    /// Cancelled with the carrier having it: it is called back.
    Recalling(Parcel),
    /// The carrier refused it.
    Refused(Refusal),
    /// It was called back.
    Voided(Parcel),
    /// What became of the shipment to this address could not be found out.
    ReconcileInReview(Destination),
    /// It could not be called back.
    RecallInReview(Parcel),
}

impl Shipment {
    /// The table above.
    fn next(self, input: &Input) -> (Self, Option<ShippingEvent>) {
        use Input::{Cancelled, Created, GaveUp, Paid, Refused, Resumed, Shipped, Voided};
        match (self, input) {
            (Self::Absent, Created(to)) => (Self::Ordered(to.clone()), None),
            (Self::Absent, Paid) => (Self::Paid, None),
            (Self::Absent | Self::Ordered(_) | Self::Paid, Cancelled) => (Self::Withdrawn, None),
            (Self::Ordered(to), Paid) => (Self::Shipping(to), None),
            (Self::Paid, Created(to)) => (Self::Shipping(to.clone()), None),
            (Self::Shipping(to), Cancelled) => (Self::Reconciling(to), None),
            (Self::Shipping(_), Shipped(it)) => (Self::Shipped(it.clone()), Some(it.event())),
            (Self::Reconciling(_), Shipped(it)) => (Self::Recalling(it.clone()), None),
            (Self::Shipping(_) | Self::Reconciling(_), Refused(refusal)) => {
                (Self::Refused(refusal.clone()), Some(refusal.event()))
            }
            (Self::Reconciling(to), GaveUp(review)) => {
                (Self::ReconcileInReview(to), Some(review.of(ShippingStep::Trace)))
            }
            (Self::Shipped(shipment), Cancelled) => (Self::Recalling(shipment), None),
            (Self::Recalling(shipment), Voided) => {
                (Self::Voided(shipment), Some(ShippingEvent::recalled()))
            }
            (Self::Recalling(shipment), GaveUp(review)) => {
                (Self::RecallInReview(shipment), Some(review.of(ShippingStep::Recall)))
            }
            (Self::ReconcileInReview(to), Resumed) => (Self::Reconciling(to), None),
            (Self::RecallInReview(shipment), Resumed) => (Self::Recalling(shipment), None),
            (
                state @ (Self::Absent | Self::Ordered(_) | Self::Paid),
                Shipped(_) | Refused(_) | Voided | GaveUp(_) | Resumed,
            )
            | (state @ Self::Ordered(_), Created(_))
            | (state @ Self::Paid, Paid)
            | (state @ Self::Shipping(_), Created(_) | Paid | Voided | GaveUp(_) | Resumed)
            | (state @ Self::Reconciling(_), Created(_) | Paid | Cancelled | Voided | Resumed)
            | (
                state @ Self::Recalling(_),
                Created(_) | Paid | Cancelled | Shipped(_) | Refused(_) | Resumed,
            )
            | (state @ (Self::ReconcileInReview(_) | Self::RecallInReview(_)), Cancelled)
            | (
                state @ (Self::Withdrawn | Self::Refused(_) | Self::Voided(_)),
                Cancelled | Resumed,
            )
            | (state @ Self::Shipped(_), Resumed)
            | (
                state @ (Self::Withdrawn
                | Self::Shipped(_)
                | Self::Refused(_)
                | Self::Voided(_)
                | Self::ReconcileInReview(_)
                | Self::RecallInReview(_)),
                Created(_) | Paid | Shipped(_) | Refused(_) | Voided | GaveUp(_),
            ) => (state, None),
        }
    }
}

impl StateMachine for Shipment {
    type Input = Input;
    type Command = Command;
    type Event = ShippingEvent;

    fn transition(self, input: &Input) -> (Self, Vec<ShippingEvent>) {
        let (state, event) = self.next(input);
        (state, event.into_iter().collect())
    }

    fn pending(&self) -> Option<Command> {
        match self {
            Self::Shipping(to) => Some(Command::Ship { to: to.clone() }),
            Self::Reconciling(to) => Some(Command::Reconcile { to: to.clone() }),
            Self::Recalling(shipment) => {
                Some(Command::Void { shipment_id: shipment.shipment_id.clone() })
            }
            Self::Absent
            | Self::Ordered(_)
            | Self::Paid
            | Self::Withdrawn
            | Self::Shipped(_)
            | Self::Refused(_)
            | Self::Voided(_)
            | Self::ReconcileInReview(_)
            | Self::RecallInReview(_) => None,
        }
    }

    fn on_exhausted(command: &Command, attempts: u32, reason: &str) -> Option<Input> {
        match command {
            Command::Ship { .. } => None,
            Command::Reconcile { .. } | Command::Void { .. } => {
                Some(Input::GaveUp(Review { attempts, reason: reason.to_owned() }))
            }
        }
    }

    fn draft(
        event: &ShippingEvent,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value> {
        event.published(&aggregate).draft(aggregate, sequence, at)
    }
}

#[cfg(test)]
mod tests;

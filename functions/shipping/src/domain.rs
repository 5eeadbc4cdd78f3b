//! The shipment of an order as a small state machine that takes facts in any order.
//!
//! ```text
//!           created + paid             shipped            cancelled
//! Absent ─────────────────► Shipping ─────────► Shipped ────────────► Recalling ──► Voided
//!                              │  │  refused                            │  ▲
//!                    cancelled │  └──────────► Refused          gave up ▼  │ resumed
//!                              ▼                                   RecallInReview
//!                           Tracing ──► Recalling or Refused
//! ```
//!
//! A shipment is due only in `Shipping`, so an order that was cancelled before that is never
//! shipped. One that is cancelled *while* it is being shipped needs care: the carrier may have
//! taken it although nobody heard the answer, or may still take it, from a request that is on its
//! way. Such a shipment is traced, which is to ask for the very same once more: then the carrier
//! has it, once, and it can be called back. Merely to look would miss what arrives later. Shipping
//! is never given up here: the order's deadline calls it off. Calling back is, when it keeps
//! failing or the carrier refuses: a person then has to look, and lets it go on.
//!
//! However a step ends that may be given up, the shipment says so: a review that one event of the
//! shipment opened is closed by the next one, and by nothing else.

mod facts;
mod said;
mod stored;

use event_envelope::{AggregateId, Draft};
use events::ShippingStep;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use state_machine::Machine;
use time::OffsetDateTime;

pub use facts::{Destination, Effect, Fact, Refusal, Review, Shipment};
pub use said::{CANCELLED, Said};
pub use stored::Incomplete;

/// The shipment of one order.
///
/// What follows from a fact, in whatever order facts come: the next state, and *what is said*
/// about it.
///
/// | | created | paid | cancelled | shipped | refused | voided | gave up | resumed |
/// |---|---|---|---|---|---|---|---|---|
/// | *absent* | ordered | paid | withdrawn | – | – | – | – | – |
/// | ordered | – | shipping | withdrawn | – | – | – | – | – |
/// | paid | shipping | – | withdrawn | – | – | – | – | – |
/// | withdrawn | – | – | – | – | – | – | – | – |
/// | shipping | – | – | tracing | shipped *created* | refused *failed* | – | – | – |
/// | tracing | – | – | – | recalling | refused *failed* | – | trace in review *needs review* | – |
/// | shipped | – | – | recalling | – | – | – | – | – |
/// | recalling | – | – | – | – | – | voided *failed* | recall in review *needs review* | – |
/// | refused | – | – | – | – | – | – | – | – |
/// | voided | – | – | – | – | – | – | – | – |
/// | trace in review | – | – | – | – | – | – | – | tracing |
/// | recall in review | – | – | – | – | – | – | – | recalling |
///
/// – : it has taken effect, or never will. Of answers, the first one counts. Nobody is told that a
/// cancelled order is on its way: it is called back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "stored::Stored", into = "stored::Stored")]
pub enum Dispatch {
    /// Nothing was heard of the order.
    #[default]
    Absent,
    /// The order was placed, to go to this address, and waits to be paid for.
    Ordered(Destination),
    /// An order was paid for that was not heard of yet.
    Paid,
    /// The order was cancelled before it was shipped, and never will be.
    Withdrawn,
    /// The shipment is due, to this address. The host stores this only with the lease of an
    /// attempt, so a stored `Shipping` means that the carrier may have been asked.
    Shipping(Destination),
    /// Cancelled while `Shipping`, to this address.
    Tracing(Destination),
    /// The carrier has it.
    Shipped(Shipment),
    /// Cancelled with the carrier having it: it is called back.
    Recalling(Shipment),
    /// The carrier refused it.
    Refused(Refusal),
    /// It was called back.
    Voided(Shipment),
    /// What became of the shipment to this address could not be found out.
    TraceInReview(Destination),
    /// It could not be called back.
    RecallInReview(Shipment),
}

impl Dispatch {
    /// The table above.
    fn hear(self, fact: &Fact) -> (Self, Option<Said>) {
        use Fact::{Cancelled, Created, GaveUp, Paid, Refused, Resumed, Shipped, Voided};
        match (self, fact) {
            (Self::Absent, Created(to)) => (Self::Ordered(to.clone()), None),
            (Self::Absent, Paid) => (Self::Paid, None),
            (Self::Absent | Self::Ordered(_) | Self::Paid, Cancelled) => (Self::Withdrawn, None),
            (Self::Ordered(to), Paid) => (Self::Shipping(to), None),
            (Self::Paid, Created(to)) => (Self::Shipping(to.clone()), None),
            (Self::Shipping(to), Cancelled) => (Self::Tracing(to), None),
            (Self::Shipping(_), Shipped(it)) => (Self::Shipped(it.clone()), Some(it.said())),
            (Self::Tracing(_), Shipped(it)) => (Self::Recalling(it.clone()), None),
            (Self::Shipping(_) | Self::Tracing(_), Refused(refusal)) => {
                (Self::Refused(refusal.clone()), Some(refusal.said()))
            }
            (Self::Tracing(to), GaveUp(review)) => {
                (Self::TraceInReview(to), Some(review.of(ShippingStep::Trace)))
            }
            (Self::Shipped(shipment), Cancelled) => (Self::Recalling(shipment), None),
            (Self::Recalling(shipment), Voided) => (Self::Voided(shipment), Some(Said::recalled())),
            (Self::Recalling(shipment), GaveUp(review)) => {
                (Self::RecallInReview(shipment), Some(review.of(ShippingStep::Recall)))
            }
            (Self::TraceInReview(to), Resumed) => (Self::Tracing(to), None),
            (Self::RecallInReview(shipment), Resumed) => (Self::Recalling(shipment), None),
            (
                state @ (Self::Absent | Self::Ordered(_) | Self::Paid),
                Shipped(_) | Refused(_) | Voided | GaveUp(_) | Resumed,
            )
            | (state @ Self::Ordered(_), Created(_))
            | (state @ Self::Paid, Paid)
            | (state @ Self::Shipping(_), Created(_) | Paid | Voided | GaveUp(_) | Resumed)
            | (state @ Self::Tracing(_), Created(_) | Paid | Cancelled | Voided | Resumed)
            | (
                state @ Self::Recalling(_),
                Created(_) | Paid | Cancelled | Shipped(_) | Refused(_) | Resumed,
            )
            | (state @ (Self::TraceInReview(_) | Self::RecallInReview(_)), Cancelled)
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
                | Self::TraceInReview(_)
                | Self::RecallInReview(_)),
                Created(_) | Paid | Shipped(_) | Refused(_) | Voided | GaveUp(_),
            ) => (state, None),
        }
    }
}

impl Machine for Dispatch {
    type Fact = Fact;
    type Effect = Effect;
    type Event = Said;

    fn apply(self, fact: &Fact) -> (Self, Vec<Said>) {
        let (state, said) = self.hear(fact);
        (state, said.into_iter().collect())
    }

    fn due(&self) -> Option<Effect> {
        match self {
            Self::Shipping(to) => Some(Effect::Ship { to: to.clone() }),
            Self::Tracing(to) => Some(Effect::Trace { to: to.clone() }),
            Self::Recalling(shipment) => {
                Some(Effect::Void { shipment_id: shipment.shipment_id.clone() })
            }
            Self::Absent
            | Self::Ordered(_)
            | Self::Paid
            | Self::Withdrawn
            | Self::Shipped(_)
            | Self::Refused(_)
            | Self::Voided(_)
            | Self::TraceInReview(_)
            | Self::RecallInReview(_) => None,
        }
    }

    fn give_up(effect: &Effect, attempts: u32, reason: &str) -> Option<Fact> {
        match effect {
            Effect::Ship { .. } => None,
            Effect::Trace { .. } | Effect::Void { .. } => {
                Some(Fact::GaveUp(Review { attempts, reason: reason.to_owned() }))
            }
        }
    }

    fn draft(
        said: &Said,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value> {
        said.event(&aggregate).draft(aggregate, sequence, at)
    }
}

#[cfg(test)]
mod tests;

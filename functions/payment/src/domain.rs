//! The payment of an order as a small state machine that takes facts in any order.
//!
//! ```text
//!         created + reserved          captured              called off
//! Absent ───────────────────► Charging ─────────► Captured ────────────► Refunding ──► Refunded
//!                                │  │  declined                             │  ▲
//!                     called off │  └───────────► Declined          gave up ▼  │ resumed
//!                                ▼                                     RefundInReview
//!                             Revoking ──► Refunding, Declined or Revoked
//! ```
//!
//! A charge is due only in `Charging`, so an order that was called off before that is never
//! charged. One that is called off *while* it is being charged needs care: the attempt may have
//! gone through although nobody heard the answer. Such a charge is revoked: found if it is there,
//! and then refunded, and kept from happening if it is not. Taking money is never given up here:
//! the order's deadline calls it off. Giving it back is, when it keeps failing: a person then has
//! to look, and lets it go on. A refund that was given up may still arrive, for a bank takes its
//! time: it is then the refund, and nobody has to look any more.
//!
//! However a step ends that may be given up, the payment says so, also that there was nothing to
//! give back: a review that one event of the payment opened is closed by the next one, and by
//! nothing else.

mod decline;
mod facts;
mod said;
mod stored;

use event_envelope::{AggregateId, Draft};
use events::PaymentStep;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use state_machine::Machine;
use time::OffsetDateTime;

pub use decline::{Decline, DeclineCode};
pub use facts::{Capture, Charge, Effect, Fact, Refund, Review, WrongAmount};
pub use said::{CALLED_OFF, Said};
pub use stored::Incomplete;

/// The payment of one order.
///
/// What follows from a fact, in whatever order facts come: the next state, and *what is said*
/// about it.
///
/// | | created | reserved | called off | captured | declined | revoked | refunded | gave up | resumed |
/// |---|---|---|---|---|---|---|---|---|---|
/// | *absent* | ordered | reserved | withdrawn | – | – | – | – | – | – |
/// | ordered | – | charging | withdrawn | – | – | – | – | – | – |
/// | reserved | charging | – | withdrawn | – | – | – | – | – | – |
/// | withdrawn | – | – | – | – | – | – | – | – | – |
/// | charging | – | – | revoking | captured *completed* | declined *failed* | – | – | – | – |
/// | revoking | – | – | – | refunding *completed* | declined *failed* | revoked *failed* | – | revoke in review *needs review* | – |
/// | captured | – | – | refunding | – | – | – | – | – | – |
/// | refunding | – | – | – | – | – | – | refunded *refunded* | refund in review *needs review* | – |
/// | declined | – | – | – | – | – | – | – | – | – |
/// | revoked | – | – | – | – | – | – | – | – | – |
/// | refunded | – | – | – | – | – | – | – | – | – |
/// | revoke in review | – | – | – | – | – | – | – | – | revoking |
/// | refund in review | – | – | – | – | – | – | refunded *refunded* | – | refunding |
///
/// – : it has taken effect, or never will. Of answers, the first one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "stored::Stored", into = "stored::Stored")]
pub enum Payment {
    /// Nothing was heard of the order.
    #[default]
    Absent,
    /// The order was placed, and waits for its stock.
    Ordered(Charge),
    /// The stock is kept for an order that was not heard of yet.
    Reserved,
    /// The order was called off before it was charged, and never will be.
    Withdrawn,
    /// The charge is due. The host stores this only with the lease of an attempt, so a stored
    /// `Charging` means that the provider may have been asked.
    Charging(Charge),
    /// Called off while `Charging`.
    Revoking(Charge),
    /// The money is there.
    Captured(Capture),
    /// Called off with the money there: all of it goes back.
    Refunding(Capture),
    /// The provider refused the charge.
    Declined(Decline),
    /// Nothing was taken, and nothing will be.
    Revoked,
    /// The money went back.
    Refunded(Capture, Refund),
    /// What became of the charge could not be found out.
    RevokeInReview(Charge),
    /// The money could not be given back.
    RefundInReview(Capture),
}

impl Payment {
    /// Whether it waits for something at the provider, so that a look there may change it.
    pub const fn waits(&self) -> bool {
        match self {
            Self::Charging(_)
            | Self::Revoking(_)
            | Self::Refunding(_)
            | Self::RefundInReview(_) => true,
            Self::Absent
            | Self::Ordered(_)
            | Self::Reserved
            | Self::Withdrawn
            | Self::Captured(_)
            | Self::Declined(_)
            | Self::Revoked
            | Self::Refunded(..)
            | Self::RevokeInReview(_) => false,
        }
    }

    /// The table above.
    fn hear(self, fact: &Fact) -> (Self, Option<Said>) {
        use Fact::{
            CalledOff, Captured, Created, Declined, GaveUp, Refunded, Reserved, Resumed, Revoked,
        };
        match (self, fact) {
            (Self::Absent, Created(charge)) => (Self::Ordered(charge.clone()), None),
            (Self::Absent, Reserved) => (Self::Reserved, None),
            (Self::Absent | Self::Ordered(_) | Self::Reserved, CalledOff) => {
                (Self::Withdrawn, None)
            }
            (Self::Ordered(charge), Reserved) => (Self::Charging(charge), None),
            (Self::Reserved, Created(charge)) => (Self::Charging(charge.clone()), None),
            (Self::Charging(charge), CalledOff) => (Self::Revoking(charge), None),
            (Self::Charging(_), Captured(it)) => (Self::Captured(it.clone()), Some(it.said())),
            (Self::Revoking(_), Captured(it)) => (Self::Refunding(it.clone()), Some(it.said())),
            (Self::Charging(_) | Self::Revoking(_), Declined(decline)) => {
                (Self::Declined(decline.clone()), Some(decline.said()))
            }
            (Self::Revoking(_), Revoked) => (Self::Revoked, Some(Said::revoked())),
            (Self::Revoking(charge), GaveUp(review)) => {
                (Self::RevokeInReview(charge), Some(review.of(PaymentStep::Revoke)))
            }
            (Self::Captured(capture), CalledOff) => (Self::Refunding(capture), None),
            (Self::Refunding(capture) | Self::RefundInReview(capture), Refunded(refund)) => {
                let said = Said::Refunded(capture.clone(), refund.clone());
                (Self::Refunded(capture, refund.clone()), Some(said))
            }
            (Self::Refunding(capture), GaveUp(review)) => {
                (Self::RefundInReview(capture), Some(review.of(PaymentStep::Refund)))
            }
            (Self::RevokeInReview(charge), Resumed) => (Self::Revoking(charge), None),
            (Self::RefundInReview(capture), Resumed) => (Self::Refunding(capture), None),
            (
                state @ (Self::Absent | Self::Ordered(_) | Self::Reserved),
                Captured(_) | Declined(_) | Revoked | Refunded(_) | GaveUp(_) | Resumed,
            )
            | (state @ Self::Ordered(_), Created(_))
            | (state @ Self::Reserved, Reserved)
            | (
                state @ Self::Charging(_),
                Created(_) | Reserved | Revoked | Refunded(_) | GaveUp(_) | Resumed,
            )
            | (
                state @ Self::Revoking(_),
                Created(_) | Reserved | CalledOff | Refunded(_) | Resumed,
            )
            | (
                state @ Self::Refunding(_),
                Created(_) | Reserved | CalledOff | Captured(_) | Declined(_) | Revoked | Resumed,
            )
            | (state @ (Self::RevokeInReview(_) | Self::RefundInReview(_)), CalledOff)
            | (
                state @ Self::RefundInReview(_),
                Created(_) | Reserved | Captured(_) | Declined(_) | Revoked | GaveUp(_),
            )
            | (
                state @ (Self::Withdrawn | Self::Declined(_) | Self::Revoked | Self::Refunded(..)),
                CalledOff | Resumed,
            )
            | (state @ Self::Captured(_), Resumed)
            | (
                state @ (Self::Withdrawn
                | Self::Captured(_)
                | Self::Declined(_)
                | Self::Revoked
                | Self::Refunded(..)
                | Self::RevokeInReview(_)),
                Created(_) | Reserved | Captured(_) | Declined(_) | Revoked | Refunded(_)
                | GaveUp(_),
            ) => (state, None),
        }
    }
}

impl Machine for Payment {
    type Fact = Fact;
    type Effect = Effect;
    type Event = Said;

    fn apply(self, fact: &Fact) -> (Self, Vec<Said>) {
        let (state, said) = self.hear(fact);
        (state, said.into_iter().collect())
    }

    fn due(&self) -> Option<Effect> {
        match self {
            Self::Charging(charge) => Some(Effect::Charge(charge.clone())),
            Self::Revoking(charge) => Some(Effect::Revoke(charge.clone())),
            Self::Refunding(capture) => Some(Effect::Refund(capture.clone())),
            Self::Absent
            | Self::Ordered(_)
            | Self::Reserved
            | Self::Withdrawn
            | Self::Captured(_)
            | Self::Declined(_)
            | Self::Revoked
            | Self::Refunded(..)
            | Self::RevokeInReview(_)
            | Self::RefundInReview(_) => None,
        }
    }

    fn give_up(effect: &Effect, attempts: u32, reason: &str) -> Option<Fact> {
        match effect {
            Effect::Charge(_) => None,
            Effect::Revoke(_) | Effect::Refund(_) => {
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

//! The payment of an order as a small state machine that takes inputs in any order.
//!
//! ```text
//!         created + reserved          captured              cancelled
//! Absent ───────────────────► Charging ─────────► Captured ────────────► Refunding ──► Refunded
//!                                │  │  declined                             │  ▲
//!                      cancelled │  └───────────► Declined          gave up ▼  │ resumed
//!                                ▼                                     RefundInReview
//!                             Revoking ──► Refunding, Declined or Revoked
//! ```
//!
//! A charge is pending only in `Charging`, so an order that was cancelled before that is never
//! charged. One that is cancelled *while* it is being charged needs care: the attempt may have
//! gone through although its answer was lost. Such a charge is revoked: found if it is there, and
//! then refunded, and kept from happening if it is not. Taking money is never abandoned here: the
//! order's deadline cancels it. Giving it back is, when it keeps failing: an operator then
//! removes what stood in the way, and resumes it. A refund that was abandoned may still arrive, for
//! a bank takes its time: it is then the refund, and the review is over.
//!
//! However a step ends that may be abandoned, the payment emits an event, also if there was nothing
//! to give back: a review that one event of the payment opened is closed by the next one, and by
//! nothing else.

mod decline;
mod event;
mod inputs;
mod stored;

use catalogue::PaymentStep;
use event_envelope::{AggregateId, Draft};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use state_machine::StateMachine;
use time::OffsetDateTime;

pub use decline::{Decline, DeclineCode};
pub use event::{CALLED_OFF, PaymentEvent};
pub use inputs::{Capture, Charge, Command, Input, Refund, Review, WrongAmount};
pub use stored::Incomplete;

/// The payment of one order.
///
/// What follows from an input, in whatever order inputs come: the next state, and *the event* that
/// is emitted.
///
/// | | created | reserved | cancelled | captured | declined | revoked | refunded | gave up | resumed |
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
    /// Nothing is known of the order.
    #[default]
    Absent,
    /// The order was placed, and waits for its stock.
    Ordered(Charge),
    /// The stock is kept for an order that is not known yet.
    Reserved,
    /// The order was cancelled before it was charged: a tombstone, it is never charged.
    Withdrawn,
    /// The charge is pending. The runner stores this only with the lease of an attempt, so a stored
    /// `Charging` means that the provider may have been asked.
    Charging(Charge),
    /// Cancelled while `Charging`.
    Revoking(Charge),
    /// The money is there.
    Captured(Capture),
    /// Cancelled with the money there: all of it goes back.
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
    /// Whether it waits for something at the provider, so that a check there may change it.
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
    fn next(self, input: &Input) -> (Self, Option<PaymentEvent>) {
        use Input::{
            Cancelled, Captured, Created, Declined, GaveUp, Refunded, Reserved, Resumed, Revoked,
        };
        match (self, input) {
            (Self::Absent, Created(charge)) => (Self::Ordered(charge.clone()), None),
            (Self::Absent, Reserved) => (Self::Reserved, None),
            (Self::Absent | Self::Ordered(_) | Self::Reserved, Cancelled) => {
                (Self::Withdrawn, None)
            }
            (Self::Ordered(charge), Reserved) => (Self::Charging(charge), None),
            (Self::Reserved, Created(charge)) => (Self::Charging(charge.clone()), None),
            (Self::Charging(charge), Cancelled) => (Self::Revoking(charge), None),
            (Self::Charging(_), Captured(it)) => (Self::Captured(it.clone()), Some(it.event())),
            (Self::Revoking(_), Captured(it)) => (Self::Refunding(it.clone()), Some(it.event())),
            (Self::Charging(_) | Self::Revoking(_), Declined(decline)) => {
                (Self::Declined(decline.clone()), Some(decline.event()))
            }
            (Self::Revoking(_), Revoked) => (Self::Revoked, Some(PaymentEvent::revoked())),
            (Self::Revoking(charge), GaveUp(review)) => {
                (Self::RevokeInReview(charge), Some(review.of(PaymentStep::Revoke)))
            }
            (Self::Captured(capture), Cancelled) => (Self::Refunding(capture), None),
            (Self::Refunding(capture) | Self::RefundInReview(capture), Refunded(refund)) => {
                let event = PaymentEvent::Refunded(capture.clone(), refund.clone());
                (Self::Refunded(capture, refund.clone()), Some(event))
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
                Created(_) | Reserved | Cancelled | Refunded(_) | Resumed,
            )
            | (
                state @ Self::Refunding(_),
                Created(_) | Reserved | Cancelled | Captured(_) | Declined(_) | Revoked | Resumed,
            )
            | (state @ (Self::RevokeInReview(_) | Self::RefundInReview(_)), Cancelled)
            | (
                state @ Self::RefundInReview(_),
                Created(_) | Reserved | Captured(_) | Declined(_) | Revoked | GaveUp(_),
            )
            | (
                state @ (Self::Withdrawn | Self::Declined(_) | Self::Revoked | Self::Refunded(..)),
                Cancelled | Resumed,
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

impl StateMachine for Payment {
    type Input = Input;
    type Command = Command;
    type Event = PaymentEvent;

    fn transition(self, input: &Input) -> (Self, Vec<PaymentEvent>) {
        let (state, event) = self.next(input);
        (state, event.into_iter().collect())
    }

    fn pending(&self) -> Option<Command> {
        match self {
            Self::Charging(charge) => Some(Command::Charge(charge.clone())),
            Self::Revoking(charge) => Some(Command::Revoke(charge.clone())),
            Self::Refunding(capture) => Some(Command::Refund(capture.clone())),
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

    fn on_exhausted(command: &Command, attempts: u32, reason: &str) -> Option<Input> {
        match command {
            Command::Charge(_) => None,
            Command::Revoke(_) | Command::Refund(_) => {
                Some(Input::GaveUp(Review { attempts, reason: reason.to_owned() }))
            }
        }
    }

    fn draft(
        event: &PaymentEvent,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value> {
        event.published(&aggregate).draft(aggregate, sequence, at)
    }
}

#[cfg(test)]
mod tests;

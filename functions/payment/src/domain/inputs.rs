//! What a payment takes, and what it has the provider do.

use catalogue::Money;
use event_envelope::AggregateId;
use serde::{Deserialize, Serialize};

use super::Decline;

/// What is to be taken from whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Charge {
    /// The order's total.
    pub amount: Money,
    /// Who pays, by an id that names no person.
    pub customer: AggregateId,
    /// How: the provider's token. None: the customer's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
}

/// What was taken, all of which goes back if the order is cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capture {
    /// The payment, by the provider's id.
    pub payment_id: String,
    /// What was taken.
    pub amount: Money,
}

/// What went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// The refund, by the provider's id.
    pub refund_id: String,
    /// What went back.
    pub amount: Money,
}

/// Why something is abandoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// How often it was tried.
    pub attempts: u32,
    /// What stood in the way the last time, for people.
    pub reason: String,
}

/// What a payment takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The order was placed.
    Created(Charge),
    /// All of the order is in stock, and kept for it.
    Reserved,
    /// The order is cancelled, or will not be shipped: no money may stay.
    Cancelled,
    /// The provider took the money.
    Captured(Capture),
    /// The provider refused for good.
    Declined(Decline),
    /// The charge did not happen, and no earlier attempt at it can still do.
    Revoked,
    /// The money went back.
    Refunded(Refund),
    /// What was pending keeps failing, and is abandoned.
    GaveUp(Review),
    /// An operator has removed what stood in the way.
    Resumed,
}

/// What a payment has the provider do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Take the money. Leads to [`Input::Captured`] or [`Input::Declined`].
    Charge(Charge),
    /// Find out whether an attempt at this charge went through, and if not, see to it that it
    /// never does. Leads to [`Input::Captured`], [`Input::Declined`] or [`Input::Revoked`].
    Revoke(Charge),
    /// Give all of it back. Leads to [`Input::Refunded`].
    Refund(Capture),
}

/// Something else was moved than was asked for: needs manual intervention.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the provider moved {moved} where {asked} was asked for")]
pub struct WrongAmount {
    /// What was asked for.
    pub asked: Money,
    /// What the provider reports as moved.
    pub moved: Money,
}

impl Command {
    /// Whether `answer` moved what this asks for. What is found when a charge is revoked may be
    /// any amount: all of it goes back.
    ///
    /// # Errors
    ///
    /// When it moved another amount, a part of it included; the failure needs manual intervention.
    pub fn check(&self, answer: &Input) -> Result<(), WrongAmount> {
        let (asked, moved) = match (self, answer) {
            (Self::Charge(Charge { amount, .. }), Input::Captured(taken)) => {
                (*amount, taken.amount)
            }
            (Self::Refund(Capture { amount, .. }), Input::Refunded(back)) => (*amount, back.amount),
            _ => return Ok(()),
        };
        if asked == moved { Ok(()) } else { Err(WrongAmount { asked, moved }) }
    }
}

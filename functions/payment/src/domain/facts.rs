//! What a payment is told, and what it has the provider do.

use event_envelope::AggregateId;
use events::Money;
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

/// What was taken, all of which goes back if the order is called off.
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

/// Why something is given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// How often it was tried.
    pub attempts: u32,
    /// What stood in the way the last time, for people.
    pub reason: String,
}

/// What a payment is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The order was placed.
    Created(Charge),
    /// All of the order is in stock, and kept for it.
    Reserved,
    /// The order is cancelled, or will not be shipped: no money may stay.
    CalledOff,
    /// The provider took the money.
    Captured(Capture),
    /// The provider refused for good.
    Declined(Decline),
    /// The charge did not happen, and no earlier attempt at it can still do.
    Revoked,
    /// The money went back.
    Refunded(Refund),
    /// What was due keeps failing, and is given up.
    GaveUp(Review),
    /// An operator has removed what stood in the way.
    Resumed,
}

/// What a payment has the provider do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Take the money. Leads to [`Fact::Captured`] or [`Fact::Declined`].
    Charge(Charge),
    /// Find out whether an attempt at this charge went through, and if not, see to it that it
    /// never does. Leads to [`Fact::Captured`], [`Fact::Declined`] or [`Fact::Revoked`].
    Revoke(Charge),
    /// Give all of it back. Leads to [`Fact::Refunded`].
    Refund(Capture),
}

/// Something else was moved than was asked for: a person has to look.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the provider moved {moved} where {asked} was asked for")]
pub struct WrongAmount {
    /// What was asked for.
    pub asked: Money,
    /// What the provider says it moved.
    pub moved: Money,
}

impl Effect {
    /// Whether `answer` moved what this asks for. What is found when a charge is revoked may be
    /// any amount: all of it goes back.
    ///
    /// # Errors
    ///
    /// When it moved another amount, a part of it included; the caller should have a person look.
    pub fn check(&self, answer: &Fact) -> Result<(), WrongAmount> {
        let (asked, moved) = match (self, answer) {
            (Self::Charge(Charge { amount, .. }), Fact::Captured(taken)) => (*amount, taken.amount),
            (Self::Refund(Capture { amount, .. }), Fact::Refunded(back)) => (*amount, back.amount),
            _ => return Ok(()),
        };
        if asked == moved { Ok(()) } else { Err(WrongAmount { asked, moved }) }
    }
}

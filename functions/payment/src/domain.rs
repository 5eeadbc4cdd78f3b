//! The payment of an order as a small state machine that takes facts in any order.
//!
//! ```text
//!            created + reserved          captured              called off
//! Waiting ───────────────────► Charging ─────────► Captured ──────────────► (refund) Refunded
//!                                 │  │  declined
//!                      called off │  └───────────► Declined
//!                                 ▼
//!                              Revoking ──► Captured, Declined or Revoked
//! ```
//!
//! A charge is due only in `Charging`, so an order that was called off before that is never
//! charged. One that is called off *while* it is being charged needs care: the attempt may have
//! gone through although nobody heard the answer. Such a charge is revoked: found if it is there,
//! and then refunded, and kept from happening if it is not.

use event_envelope::{AggregateId, Draft};
use events::{Event, Money, PaymentCompleted, PaymentFailed, PaymentRefunded};
use idempotency::Machine;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

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

/// What is to be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The payment, by the provider's id.
    pub payment_id: String,
    /// All that was captured.
    pub amount: Money,
}

/// What a payment is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The order was placed.
    Created(Charge),
    /// All of the order is in stock, and kept for it.
    Reserved,
    /// The order is off.
    Cancelled,
    /// The order will not be shipped.
    ShippingFailed,
    /// The provider took the money.
    Captured {
        /// The payment, by the provider's id.
        payment_id: String,
        /// What was taken.
        amount: Money,
    },
    /// The provider refused for good.
    Declined {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        reason: String,
    },
    /// The charge did not happen, and no earlier attempt at it can still do.
    Revoked,
    /// The money went back.
    Refunded {
        /// The refund, by the provider's id.
        refund_id: String,
        /// What went back.
        amount: Money,
    },
}

/// What a payment has the provider do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Take the money. Leads to [`Fact::Captured`] or [`Fact::Declined`].
    Charge(Charge),
    /// Find out whether an attempt at this charge went through, and if not, see to it that it
    /// never does. Leads to [`Fact::Captured`], [`Fact::Declined`] or [`Fact::Revoked`].
    Revoke(Charge),
    /// Give the money back. Leads to [`Fact::Refunded`].
    Refund(Refund),
}

/// What a payment says to others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in the events of the catalogue that they become")]
pub enum Said {
    /// The money is there.
    Completed { payment_id: String, amount: Money },
    /// The provider refused.
    Failed { code: String, reason: String },
    /// The money went back.
    Refunded { payment_id: String, refund_id: String, amount: Money },
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

/// The payment of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charge: Option<Charge>,
    is_reserved: bool,
    /// The order is cancelled or cannot be shipped: no money may stay.
    is_called_off: bool,
    progress: Progress,
}

/// How far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Progress {
    /// Nothing was tried.
    #[default]
    Waiting,
    /// The charge is due. The host stores this only with the lease of an attempt, so a stored
    /// `Charging` means that the provider may have been asked.
    Charging,
    /// Called off while `Charging`.
    Revoking,
    Captured {
        payment_id: String,
        amount: Money,
    },
    Declined {
        code: String,
        reason: String,
    },
    Revoked,
    Refunded {
        payment_id: String,
        refund_id: String,
        amount: Money,
    },
}

impl Effect {
    /// Whether `answer` moved what this asks for. What is found when a charge is revoked may be
    /// any amount: all of it goes back.
    ///
    /// # Errors
    ///
    /// When it moved another amount; the caller should park the event.
    pub fn check(&self, answer: &Fact) -> Result<(), WrongAmount> {
        match (self, answer) {
            (Self::Charge(Charge { amount: asked, .. }), Fact::Captured { amount: moved, .. })
            | (Self::Refund(Refund { amount: asked, .. }), Fact::Refunded { amount: moved, .. })
                if asked != moved =>
            {
                Err(WrongAmount { asked: *asked, moved: *moved })
            }
            _ => Ok(()),
        }
    }
}

impl Payment {
    fn hear(&mut self, fact: &Fact) -> Option<Said> {
        match fact {
            Fact::Created(charge) => {
                self.charge.get_or_insert_with(|| charge.clone());
                None
            }
            Fact::Reserved => {
                self.is_reserved = true;
                None
            }
            Fact::Cancelled | Fact::ShippingFailed => {
                self.is_called_off = true;
                None
            }
            Fact::Captured { payment_id, amount } if self.awaits_charge() => {
                let (payment_id, amount) = (payment_id.clone(), *amount);
                self.progress = Progress::Captured { payment_id: payment_id.clone(), amount };
                Some(Said::Completed { payment_id, amount })
            }
            Fact::Declined { code, reason } if self.awaits_charge() => {
                let (code, reason) = (code.clone(), reason.clone());
                self.progress = Progress::Declined { code: code.clone(), reason: reason.clone() };
                Some(Said::Failed { code, reason })
            }
            Fact::Revoked if self.progress == Progress::Revoking => {
                self.progress = Progress::Revoked;
                None
            }
            Fact::Refunded { refund_id, amount } => self.give_back(refund_id, *amount),
            // An answer that came before: the first one counts.
            Fact::Captured { .. } | Fact::Declined { .. } | Fact::Revoked => None,
        }
    }

    fn give_back(&mut self, refund_id: &str, amount: Money) -> Option<Said> {
        let refund = self.refund_due()?;
        let (payment_id, refund_id) = (refund.payment_id, refund_id.to_owned());
        self.progress = Progress::Refunded {
            payment_id: payment_id.clone(),
            refund_id: refund_id.clone(),
            amount,
        };
        Some(Said::Refunded { payment_id, refund_id, amount })
    }

    fn awaits_charge(&self) -> bool {
        matches!(self.progress, Progress::Charging | Progress::Revoking)
    }

    fn refund_due(&self) -> Option<Refund> {
        match &self.progress {
            Progress::Captured { payment_id, amount } if self.is_called_off => {
                Some(Refund { payment_id: payment_id.clone(), amount: *amount })
            }
            Progress::Waiting
            | Progress::Charging
            | Progress::Revoking
            | Progress::Captured { .. }
            | Progress::Declined { .. }
            | Progress::Revoked
            | Progress::Refunded { .. } => None,
        }
    }

    /// Goes on to what the facts allow now.
    fn advance(&mut self) {
        let is_payable = self.charge.is_some() && self.is_reserved && !self.is_called_off;
        if self.progress == Progress::Waiting && is_payable {
            self.progress = Progress::Charging;
        } else if self.progress == Progress::Charging && self.is_called_off {
            self.progress = Progress::Revoking;
        }
    }
}

impl Machine for Payment {
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
            Progress::Charging => self.charge.clone().map(Effect::Charge),
            Progress::Revoking => self.charge.clone().map(Effect::Revoke),
            Progress::Captured { .. } => self.refund_due().map(Effect::Refund),
            Progress::Waiting
            | Progress::Declined { .. }
            | Progress::Revoked
            | Progress::Refunded { .. } => None,
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
            Said::Completed { payment_id, amount } => {
                PaymentCompleted { order_id, payment_id, amount: Some(amount) }.into()
            }
            Said::Failed { code, reason } => {
                PaymentFailed { order_id, code: Some(code), reason }.into()
            }
            Said::Refunded { payment_id, refund_id, amount } => {
                PaymentRefunded { order_id, payment_id, refund_id, amount }.into()
            }
        };
        event.draft(aggregate, sequence, at)
    }
}

#[cfg(test)]
mod tests;

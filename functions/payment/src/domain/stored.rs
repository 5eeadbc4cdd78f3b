//! A payment as its row holds it.
//!
//! The shape is that of the first version, which knew no reviews: a version that knows none reads
//! every row, takes a payment in review for one whose step is still due, and tries it again.

use std::ops::Not;

use catalogue::Money;
use serde::{Deserialize, Serialize};

use super::{Capture, Charge, Decline, Payment, Refund};

/// A stored payment of which something is missing that its progress needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the row has no charge: restore it from OrderCreated")]
pub struct Incomplete;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charge: Option<Charge>,
    is_reserved: bool,
    is_called_off: bool,
    #[serde(default, skip_serializing_if = "Not::not")]
    is_in_review: bool,
    progress: Progress,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Progress {
    #[default]
    Waiting,
    Charging,
    Revoking,
    Captured(Capture),
    Declined(Decline),
    Revoked,
    Refunded {
        payment_id: String,
        refund_id: String,
        amount: Money,
    },
}

impl From<Payment> for Stored {
    fn from(payment: Payment) -> Self {
        let at = |progress| Self { is_reserved: true, progress, ..Self::default() };
        let off = |progress| Self { is_called_off: true, ..at(progress) };
        let with = |charge, stored| Self { charge: Some(charge), ..stored };
        let in_review = |stored| Self { is_in_review: true, ..stored };
        match payment {
            Payment::Absent => Self::default(),
            Payment::Ordered(charge) => with(charge, Self::default()),
            Payment::Reserved => at(Progress::Waiting),
            Payment::Withdrawn => Self { is_called_off: true, ..Self::default() },
            Payment::Charging(charge) => with(charge, at(Progress::Charging)),
            Payment::Revoking(charge) => with(charge, off(Progress::Revoking)),
            Payment::RevokeInReview(charge) => in_review(with(charge, off(Progress::Revoking))),
            Payment::Captured(capture) => at(Progress::Captured(capture)),
            Payment::Refunding(capture) => off(Progress::Captured(capture)),
            Payment::RefundInReview(capture) => in_review(off(Progress::Captured(capture))),
            Payment::Declined(decline) => at(Progress::Declined(decline)),
            Payment::Revoked => off(Progress::Revoked),
            Payment::Refunded(Capture { payment_id, .. }, Refund { refund_id, amount }) => {
                off(Progress::Refunded { payment_id, refund_id, amount })
            }
        }
    }
}

impl TryFrom<Stored> for Payment {
    type Error = Incomplete;

    fn try_from(stored: Stored) -> Result<Self, Incomplete> {
        let Stored { charge, is_reserved, is_called_off, is_in_review, progress } = stored;
        Ok(match progress {
            Progress::Waiting => match (is_called_off, charge, is_reserved) {
                (true, _, _) => Self::Withdrawn,
                (false, None, false) => Self::Absent,
                (false, None, true) => Self::Reserved,
                (false, Some(charge), false) => Self::Ordered(charge),
                (false, Some(charge), true) => Self::Charging(charge),
            },
            Progress::Charging => Self::Charging(charge.ok_or(Incomplete)?),
            Progress::Revoking if is_in_review => Self::RevokeInReview(charge.ok_or(Incomplete)?),
            Progress::Revoking => Self::Revoking(charge.ok_or(Incomplete)?),
            Progress::Captured(capture) => match (is_called_off, is_in_review) {
                (false, _) => Self::Captured(capture),
                (true, false) => Self::Refunding(capture),
                (true, true) => Self::RefundInReview(capture),
            },
            Progress::Declined(decline) => Self::Declined(decline),
            Progress::Revoked => Self::Revoked,
            Progress::Refunded { payment_id, refund_id, amount } => {
                Self::Refunded(Capture { payment_id, amount }, Refund { refund_id, amount })
            }
        })
    }
}

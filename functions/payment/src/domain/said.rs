//! What a payment says to others.

use event_envelope::AggregateId;
use events::{
    Event, PaymentCompleted, PaymentFailed, PaymentNeedsReview, PaymentRefunded, PaymentStep,
};

use super::{Capture, Decline, Refund, Review};

/// Why an order is not paid for that was called off while it was being charged, for programs.
pub const CALLED_OFF: &str = "calledOff";

/// What a payment says to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The money is there.
    Completed(Capture),
    /// Nothing was taken, and nothing will be.
    Failed(Decline),
    /// The money went back.
    Refunded(Capture, Refund),
    /// A person has to look.
    NeedsReview(PaymentStep, Review),
}

impl Capture {
    /// What is said when this was taken.
    pub(super) fn said(&self) -> Said {
        Said::Completed(self.clone())
    }
}

impl Decline {
    /// What is said of this refusal.
    pub(super) fn said(&self) -> Said {
        Said::Failed(self.clone())
    }
}

impl Review {
    /// What is said when `step` is given up for this.
    pub(super) fn of(&self, step: PaymentStep) -> Said {
        Said::NeedsReview(step, self.clone())
    }
}

impl Said {
    /// What is said when a charge was revoked of which nothing was taken.
    pub(super) fn revoked() -> Self {
        let reason = "the order was called off before it was paid for; nothing was taken";
        Self::Failed(Decline { code: CALLED_OFF.to_owned(), reason: reason.to_owned() })
    }

    /// The event of the catalogue, for the payment of `order`.
    pub(super) fn event(&self, order: &AggregateId) -> Event {
        let order_id = order.clone();
        match self.clone() {
            Self::Completed(Capture { payment_id, amount }) => {
                PaymentCompleted { order_id, payment_id, amount: Some(amount) }.into()
            }
            Self::Failed(Decline { code, reason }) => {
                PaymentFailed { order_id, code: Some(code), reason }.into()
            }
            Self::Refunded(Capture { payment_id, .. }, Refund { refund_id, amount }) => {
                PaymentRefunded { order_id, payment_id, refund_id, amount }.into()
            }
            Self::NeedsReview(step, Review { attempts, reason }) => {
                PaymentNeedsReview { order_id, step, attempts, reason }.into()
            }
        }
    }
}

//! The events that a payment emits.

use catalogue::{
    Event, PaymentCompleted, PaymentFailed, PaymentNeedsReview, PaymentRefunded, PaymentStep,
};
use event_envelope::AggregateId;

use super::{Capture, Decline, Refund, Review};

/// Why an order is not paid for that was cancelled while it was being charged, for programs.
pub const CALLED_OFF: &str = "calledOff";

/// The events that a payment emits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentEvent {
    /// The money is there.
    Completed(Capture),
    /// Nothing was taken, and nothing will be.
    Failed(Decline),
    /// The money went back.
    Refunded(Capture, Refund),
    /// A step needs manual intervention.
    NeedsReview(PaymentStep, Review),
}

impl Capture {
    /// The event that this was taken.
    pub(super) fn event(&self) -> PaymentEvent {
        PaymentEvent::Completed(self.clone())
    }
}

impl Decline {
    /// The event of this refusal.
    pub(super) fn event(&self) -> PaymentEvent {
        PaymentEvent::Failed(self.clone())
    }
}

impl Review {
    /// The event that `step` is abandoned for this.
    pub(super) fn of(&self, step: PaymentStep) -> PaymentEvent {
        PaymentEvent::NeedsReview(step, self.clone())
    }
}

impl PaymentEvent {
    /// The event that a charge was revoked of which nothing was taken.
    pub(super) fn revoked() -> Self {
        let reason = "the order was called off before it was paid for; nothing was taken";
        Self::Failed(Decline { code: CALLED_OFF.to_owned(), reason: reason.to_owned() })
    }

    /// The event of the catalogue, for the payment of `order`.
    pub(super) fn published(&self, order: &AggregateId) -> Event {
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

//! A payment checked again, because the provider reports that something has changed there.
//!
//! The report itself is not believed: the provider is queried, as it would have been a while later
//! by the message that the payment waits with. That message stays where it is. So one check is
//! enough, and it never fails over what it finds.

use std::sync::atomic::{AtomicBool, Ordering};

use catalogue::source;
use event_envelope::{AggregateId, Envelope, EventId};
use runtime::{Done, Failure};
use state_machine::Trigger;

use super::{Handler, done};
use crate::{
    domain::{Capture, Command, Input, Payment},
    gateway::{PaymentGateway, SoFar},
};

impl<G: PaymentGateway> Handler<G> {
    /// Checks the payment of `order` at the provider, if it waits for something there.
    ///
    /// A refund that is on its way is only read: that is no attempt, and so however often the
    /// provider reports, it is not abandoned the sooner.
    ///
    /// # Errors
    ///
    /// Retry when the store is unavailable, or the provider while a refund is read. Permanent when
    /// what is stored is no payment, or the provider does not understand the query.
    pub async fn check_again(
        &self,
        order: &AggregateId,
        envelope: &Envelope,
    ) -> Result<Done, Failure> {
        let origin = origin(order, envelope);
        let trigger = Trigger::task(envelope.event_id.as_str(), envelope.payload_hash(), &origin);
        match self.runner.state(order).await? {
            Payment::Charging(_) | Payment::Revoking(_) => self.attempt(order, trigger).await,
            Payment::Refunding(capture) => match self.gateway.refunded(&capture).await? {
                SoFar::Back(input) if is_all(&capture, &input) => {
                    self.apply(order, trigger, &[input]).await.map(|handled| done(&handled))
                }
                SoFar::Back(_) | SoFar::Returned => self.attempt(order, trigger).await,
                SoFar::Pending | SoFar::Nothing => Ok(Done::Ignored),
            },
            Payment::RefundInReview(capture) => match self.gateway.refunded(&capture).await? {
                SoFar::Back(input) if is_all(&capture, &input) => {
                    self.apply(order, trigger, &[input]).await.map(|handled| done(&handled))
                }
                // It needs manual intervention already.
                SoFar::Back(_) | SoFar::Returned | SoFar::Pending | SoFar::Nothing => {
                    Ok(Done::Ignored)
                }
            },
            Payment::Absent
            | Payment::Ordered(_)
            | Payment::Reserved
            | Payment::Withdrawn
            | Payment::Captured(_)
            | Payment::Declined(_)
            | Payment::Revoked
            | Payment::Refunded(..)
            | Payment::RevokeInReview(_) => Ok(Done::Ignored),
        }
    }

    /// Has the pending command of the payment tried once more, as each event of the order does.
    /// When it fails again, the message that the payment waits with stays in charge.
    async fn attempt(&self, order: &AggregateId, trigger: Trigger<'_>) -> Result<Done, Failure> {
        let has_failed = AtomicBool::new(false);
        let run = async |attempt| {
            let answer = self.run(order, attempt).await;
            has_failed.fetch_or(answer.is_err(), Ordering::Relaxed);
            answer
        };
        match self.runner.handle_all::<Payment, _>(order, trigger, &[], run).await {
            Err(failure) if has_failed.into_inner() => {
                tracing::info!(%failure, "checked again: it has not ended yet");
                Ok(Done::Ignored)
            }
            handled => Ok(handled?.done),
        }
    }
}

/// The events after a check follow from the order itself, as after a task: the message that asked
/// for the check is no event that another service knows.
fn origin(order: &AggregateId, envelope: &Envelope) -> Envelope {
    let mut origin = envelope.clone();
    origin.event_id = EventId::of_sequence(source::ORDER, order, 1);
    origin
}

/// Whether this is all of what was taken.
fn is_all(capture: &Capture, input: &Input) -> bool {
    Command::Refund(capture.clone()).check(input).is_ok()
}

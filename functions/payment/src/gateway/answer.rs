//! What the provider's objects mean.
//!
//! Sources: <https://docs.stripe.com/api/payment_intents/object>,
//! <https://docs.stripe.com/api/refunds/object>.

use catalogue::{Currency, Money};
use event_envelope::AggregateId;
use http_client::Answer;
use runtime::Failure;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    amount,
    id::Id,
    refusal::{Declined, Refusal},
};
use crate::domain::{Capture, DeclineCode, Input};

/// A page of objects.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// An attempt at a payment.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    id: Id,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    status: IntentStatus,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    cancellation_reason: Option<String>,
    #[serde(default)]
    last_payment_error: Option<Refusal>,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    order_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IntentStatus {
    Succeeded,
    Processing,
    RequiresAction,
    Canceled,
    /// Not confirmed, or refused: nothing was taken.
    #[serde(other)]
    Open,
}

/// What became of an attempt at a payment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It ended.
    Known(Input),
    /// The bank waits for the customer, who is not there. It has to be cancelled, or it can be
    /// completed after it was said that nothing was taken.
    Waiting(Id),
    /// It took nothing, and says nothing.
    Nothing,
}

/// Why an intent of ours is cancelled of which the bank asks for the customer.
pub(super) const ABANDONED: &str = "abandoned";

/// The answer to the creation of an intent.
#[derive(Debug)]
pub(super) enum IntentAnswer {
    Created(Intent),
    /// This charge is refused for good.
    Declined(Declined),
}

impl Intent {
    /// What became of it.
    ///
    /// # Errors
    ///
    /// Retry, while the provider is at it.
    pub(super) fn ending(self) -> Result<Ending, Failure> {
        let declined = |code: DeclineCode| Ending::Known(Input::Declined(code.into()));
        let refused = self.last_payment_error.map(|it| it.decline());
        Ok(match (self.status, refused) {
            (IntentStatus::Succeeded, _) => {
                let amount = money(self.amount_received, &self.currency)?;
                Ending::Known(Input::Captured(Capture { payment_id: self.id.0, amount }))
            }
            (IntentStatus::Processing, _) => {
                let reason = format!("payment {} is still being processed", self.id);
                return Err(Failure::retry(reason));
            }
            (IntentStatus::RequiresAction, _)
            | (IntentStatus::Open, Some(DeclineCode::AuthenticationRequired)) => {
                Ending::Waiting(self.id)
            }
            (IntentStatus::Open | IntentStatus::Canceled, Some(code)) => declined(code),
            (IntentStatus::Canceled, None)
                if self.cancellation_reason.as_deref() == Some(ABANDONED) =>
            {
                declined(DeclineCode::AuthenticationRequired)
            }
            (IntentStatus::Open | IntentStatus::Canceled, None) => Ending::Nothing,
        })
    }

    pub(super) fn id(&self) -> &Id {
        &self.id
    }

    /// Its id, if it took nothing and still could.
    pub(super) fn open(&self) -> Option<&Id> {
        let is_open = matches!(self.status, IntentStatus::Open | IntentStatus::RequiresAction);
        is_open.then_some(&self.id)
    }

    /// Whether it was made for this order.
    pub(super) fn is_for(&self, order: &AggregateId) -> bool {
        self.metadata.order_id.as_deref() == Some(order.as_str())
    }

    fn has_taken(&self) -> bool {
        matches!(self.status, IntentStatus::Succeeded | IntentStatus::Processing)
    }
}

/// What became of `attempts`, all together: the one that took money counts.
pub(super) fn charged(attempts: Vec<Intent>) -> Result<Ending, Failure> {
    let (mut taken, open): (Vec<_>, Vec<_>) = attempts.into_iter().partition(Intent::has_taken);
    if taken.len() > 1 {
        let ids: Vec<_> = taken.into_iter().map(|it| it.id.0).collect();
        return Err(Failure::permanent(format!("one order, several payments: {}", ids.join(", "))));
    }
    if let Some(taken) = taken.pop() {
        return taken.ending();
    }
    let mut found = Ending::Nothing;
    for attempt in open {
        match attempt.ending()? {
            waiting @ Ending::Waiting(_) => return Ok(waiting),
            known @ Ending::Known(_) if found == Ending::Nothing => found = known,
            Ending::Known(_) | Ending::Nothing => {}
        }
    }
    Ok(found)
}

/// Reads the answer to a `POST` of an intent.
pub(super) fn intent(answer: &Answer) -> Result<IntentAnswer, Failure> {
    if answer.status.is_success() {
        return answer.json().map(IntentAnswer::Created);
    }
    Refusal::of_charge(answer).map(IntentAnswer::Declined)
}

/// The object that was asked for; anything else than a success is none of the caller's doing.
pub(super) fn object<T: DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    if answer.status.is_success() {
        return answer.json();
    }
    Err(Refusal::read(answer)?.misunderstood(answer.status))
}

pub(super) fn money(amount: i64, currency: &str) -> Result<Money, Failure> {
    let unknown = |_| Failure::permanent("the provider moved money in a currency that is none");
    let currency = Currency::parse(&currency.to_uppercase()).map_err(unknown)?;
    amount::received(amount, currency).map_err(Failure::permanent)
}

#[cfg(test)]
mod tests;

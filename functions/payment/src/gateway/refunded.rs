//! What the provider's refunds mean.
//!
//! Source: <https://docs.stripe.com/api/refunds/object>.

use http_client::Answer;
use runtime::Failure;
use serde::Deserialize;

use super::{
    RETURNED, Stripe,
    answer::{self, List, money},
    id::Id,
    keys::{KEYS_MAX, is_kept_error},
    refusal::Refusal,
};
use crate::domain::{Capture, Input, Refund};

/// A refund.
#[derive(Debug, Deserialize)]
pub(super) struct Refunded {
    id: Id,
    amount: i64,
    currency: String,
    #[serde(default)]
    status: Option<RefundStatus>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundStatus {
    Succeeded,
    Failed,
    Canceled,
    /// On its way: `pending`, `requires_action`, or whatever else is not the end of it.
    #[default]
    #[serde(other)]
    Pending,
}

/// The answer to the creation of a refund.
#[derive(Debug)]
enum RefundAnswer {
    Created(Refunded),
    /// Everything went back before.
    AlreadyRefunded,
}

/// What became of all refunds of a payment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum GivenBack {
    /// So much went back.
    Known(Input),
    /// Nothing did, after so many attempts that failed at the bank.
    Nothing {
        /// How many.
        failed: usize,
    },
}

/// How far a refund is, for a check without an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoFar {
    /// So much went back, and no more is on its way.
    Back(Input),
    /// It is on its way.
    Pending,
    /// The bank returned what was on its way.
    Returned,
    /// It was not asked for yet.
    Nothing,
}

impl Stripe {
    /// Asks for the refund in `form`, under `key` or one of those that follow it.
    ///
    /// When the provider keeps an error of its own for a key, that request is over. What it did all
    /// the same is in the list of the payment's refunds, which, other than the search, is never
    /// behind: only where nothing is, another key is used. More than was taken never goes back,
    /// whatever the key.
    pub(super) async fn give_back(
        &self,
        capture: &Capture,
        key: &str,
        form: &[(&str, &str)],
    ) -> Result<Input, Failure> {
        for number in 1..=KEYS_MAX {
            // Other keys than those of a refund that follows one that failed at the bank.
            let key = if number == 1 { key.to_owned() } else { format!("{key}-error-{number}") };
            let request = self.port.post(&["v1", "refunds"], &key).form(form);
            let answer = self.port.exchange(request).await?;
            if !is_kept_error(&answer) {
                return match refund(&answer.settled()?)? {
                    RefundAnswer::Created(refunded) => refunded.input(),
                    RefundAnswer::AlreadyRefunded => self.already_refunded(capture).await,
                };
            }
            if let GivenBack::Known(input) = self.find_refund(&capture.payment_id).await? {
                return Ok(input);
            }
        }
        Err(Failure::retry("the provider keeps an error of its own for every key of the refund"))
    }

    async fn already_refunded(&self, capture: &Capture) -> Result<Input, Failure> {
        match self.find_refund(&capture.payment_id).await? {
            GivenBack::Known(input) => Ok(input),
            GivenBack::Nothing { .. } => {
                Err(Failure::retry("the payment is refunded, but the provider lists no refund yet"))
            }
        }
    }

    /// What became of all refunds of a payment.
    pub(super) async fn find_refund(&self, payment_id: &str) -> Result<GivenBack, Failure> {
        let path = ["v1", "refunds"];
        let request = self.port.get(&path, &[("payment_intent", payment_id), ("limit", "100")]);
        let found: List<Refunded> = answer::object(&self.port.send(request).await?)?;
        given_back(found.data)
    }
}

impl SoFar {
    pub(super) fn of(found: Result<GivenBack, Failure>) -> Result<Self, Failure> {
        match found {
            Ok(GivenBack::Known(input)) => Ok(Self::Back(input)),
            Ok(GivenBack::Nothing { failed: 0 }) => Ok(Self::Nothing),
            Ok(GivenBack::Nothing { .. }) => Ok(Self::Returned),
            Err(Failure::Retry { reason, .. }) if reason.is::<RefundPending>() => Ok(Self::Pending),
            Err(failure) => Err(failure),
        }
    }
}

/// The money is on its way back. This may take days, and is not a failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refund {refund_id} is pending: the provider has not said that the money is back")]
pub struct RefundPending {
    /// The refund, by the provider's id.
    pub refund_id: String,
}

impl Refunded {
    /// What became of it.
    ///
    /// # Errors
    ///
    /// Retry with [`RefundPending`] while it is on its way. Permanent, when the bank returned it.
    pub(super) fn input(self) -> Result<Input, Failure> {
        match self.status() {
            RefundStatus::Succeeded => {
                let amount = money(self.amount, &self.currency)?;
                Ok(Input::Refunded(Refund { refund_id: self.id.0, amount }))
            }
            RefundStatus::Pending => Err(Failure::retry(RefundPending { refund_id: self.id.0 })),
            RefundStatus::Failed | RefundStatus::Canceled => Err(Failure::permanent(RETURNED)),
        }
    }

    /// One that has none is on its way.
    fn status(&self) -> RefundStatus {
        self.status.unwrap_or_default()
    }

    fn stands(&self) -> bool {
        !matches!(self.status(), RefundStatus::Failed | RefundStatus::Canceled)
    }
}

/// What went back of a payment, by all `refunds` of it together. A part that an operator gave back
/// by hand is not all of it; when the operator gives back the rest, it is. While one of them is on
/// its way, all are waited for.
pub(super) fn given_back(refunds: Vec<Refunded>) -> Result<GivenBack, Failure> {
    let (mut standing, failed): (Vec<_>, Vec<_>) = refunds.into_iter().partition(Refunded::stands);
    let amount = standing.iter().fold(0_i64, |sum, it| sum.saturating_add(it.amount));
    let pending = standing.iter().position(|it| it.status() == RefundStatus::Pending);
    if standing.is_empty() {
        return Ok(GivenBack::Nothing { failed: failed.len() });
    }
    let latest = standing.swap_remove(pending.unwrap_or(0));
    Refunded { amount, ..latest }.input().map(GivenBack::Known)
}

/// Reads the answer to a `POST` of a refund.
fn refund(answer: &Answer) -> Result<RefundAnswer, Failure> {
    if answer.status.is_success() {
        return answer.json().map(RefundAnswer::Created);
    }
    let refusal = Refusal::read(answer)?;
    if refusal.code() == "charge_already_refunded" {
        return Ok(RefundAnswer::AlreadyRefunded);
    }
    Err(refusal.misunderstood(answer.status))
}

#[cfg(test)]
mod tests {
    use catalogue::Money;
    use serde_json::json;

    use super::*;

    fn refunded(status: &str) -> Refunded {
        let refund = json!({ "id": "re_1", "amount": 5, "currency": "usd", "status": status });
        serde_json::from_value(refund).unwrap()
    }

    #[test]
    fn a_refund_is_one_when_it_has_succeeded() {
        refunded("succeeded").input().unwrap();
        for status in ["pending", "requires_action", "whatever_comes"] {
            let failure = refunded(status).input().unwrap_err();
            assert!(failure.is_retry(), "{status}");
            assert!(failure.to_string().contains("refund re_1 is pending"), "{failure}");
        }
        for status in ["failed", "canceled"] {
            assert!(!refunded(status).input().unwrap_err().is_retry(), "{status}");
        }
    }

    #[test]
    fn what_went_back_is_the_sum_of_what_stands_when_all_of_it_is_there() {
        let known =
            given_back(vec![refunded("succeeded"), refunded("failed"), refunded("succeeded")]);
        let refund = Refund { refund_id: "re_1".into(), amount: Money::usd(10) };
        assert_eq!(known.unwrap(), GivenBack::Known(Input::Refunded(refund)));
        let pending = given_back(vec![refunded("succeeded"), refunded("pending")]);
        assert!(pending.unwrap_err().is_retry());
        let failed = given_back(vec![refunded("canceled"), refunded("failed")]).unwrap();
        assert_eq!(failed, GivenBack::Nothing { failed: 2 });
        assert_eq!(given_back(vec![]).unwrap(), GivenBack::Nothing { failed: 0 });
    }
}

//! The payment provider: where the process ends.

mod amount;
mod answer;
mod customers;
mod id;
mod keys;
mod refunded;
mod refusal;

use event_envelope::AggregateId;
use http_client::HttpClient;
use runtime::Failure;

use crate::domain::{Capture, Charge, DeclineCode, Input};

use answer::{ABANDONED, Ending, Intent, IntentAnswer, List};
use id::Id;
pub use id::{Id as ProviderId, InvalidId};
use keys::Creation;
use refunded::GivenBack;
pub use refunded::{RefundPending, SoFar};
use refusal::Declined;

/// Why a refund needs review that was on its way.
const RETURNED: &str = "the refund failed at the bank: resume it, or pay the customer back";

/// Whether something was tried before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It was not.
    No,
    /// It was, and what came of it is not known.
    Retried,
    /// It was abandoned, and an operator resumes it: what failed is done anew.
    Resumed,
}

/// Moves money.
///
/// Every method may be called again for the same order, after a crash, an answer that got lost or
/// a redrive days later, and moves the money at most once all the same.
pub trait PaymentGateway: Send + Sync {
    /// The provider's id of a customer of ours, who is made known there if need be. Asked for
    /// again, it is the same customer.
    ///
    /// # Errors
    ///
    /// As [`charge`](Self::charge).
    fn enroll(
        &self,
        customer: &AggregateId,
    ) -> impl Future<Output = Result<ProviderId, Failure>> + Send;

    /// Takes the money for `order` from `customer`, by the payment method that the order names, or
    /// else by one that the customer has saved. If it `may_have_run`, an earlier attempt may have
    /// taken it already.
    ///
    /// # Errors
    ///
    /// Retry, when the outcome of the attempt is unknown. Permanent, when the provider does not
    /// understand the request.
    fn charge(
        &self,
        order: &AggregateId,
        charge: &Charge,
        customer: &ProviderId,
        may_have_run: bool,
    ) -> impl Future<Output = Result<Input, Failure>> + Send;

    /// Finds out whether money was taken for `order`, and if not, keeps every attempt at it that
    /// may still be on its way from taking it. Without a `customer`, nothing was ever sent.
    ///
    /// # Errors
    ///
    /// As [`charge`](Self::charge).
    fn revoke(
        &self,
        order: &AggregateId,
        charge: &Charge,
        customer: Option<&ProviderId>,
    ) -> impl Future<Output = Result<Input, Failure>> + Send;

    /// Gives all of it back. An earlier attempt may have done so, if it is tried [`Again`].
    ///
    /// # Errors
    ///
    /// As [`charge`](Self::charge). Retry with [`RefundPending`], while the money is on its way:
    /// only a provider that says that it is back leads to [`Input::Refunded`].
    fn refund(
        &self,
        order: &AggregateId,
        capture: &Capture,
        again: Again,
    ) -> impl Future<Output = Result<Input, Failure>> + Send;

    /// What went back by now of what was taken. It only looks: nothing is asked for.
    ///
    /// # Errors
    ///
    /// As [`charge`](Self::charge).
    fn refunded(&self, capture: &Capture) -> impl Future<Output = Result<SoFar, Failure>> + Send;
}

/// A provider with Stripe's API: payment intents and refunds.
///
/// Two things keep a charge single. Within a day the provider knows the idempotency key: whatever
/// comes with it again has the first answer. After a day it forgets keys, but by then its search
/// has long seen the charge; search alone would not do, since it may be a minute behind. So a
/// attempt that may have run searches first, and then sends the same request with the same key.
///
/// Sources: <https://docs.stripe.com/api/idempotent_requests>,
/// <https://docs.stripe.com/search#data-freshness>.
#[derive(Debug, Clone)]
pub struct Stripe {
    port: HttpClient,
}

impl Stripe {
    /// The provider behind `port`.
    pub const fn new(port: HttpClient) -> Self {
        Self { port }
    }

    /// What became of earlier attempts to charge `order`, if the search knows of any.
    async fn find_charge(&self, order: &AggregateId) -> Result<Option<Input>, Failure> {
        // An id has no quotes: it was parsed.
        let query = format!("metadata['order_id']:'{order}'");
        let path = ["v1", "payment_intents", "search"];
        let request = self.port.get(&path, &[("query", &query), ("limit", "100")]);
        let found: List<Intent> = answer::object(&self.port.send(request).await?)?;
        self.known(answer::charged(found.data)?).await
    }

    /// What is known of an attempt. One that waits for the customer is brought to an end.
    async fn known(&self, ending: Ending) -> Result<Option<Input>, Failure> {
        match ending {
            Ending::Known(input) => Ok(Some(input)),
            Ending::Waiting(id) => self.abandon(&id).await.map(Some),
            Ending::Nothing => Ok(None),
        }
    }

    /// Cancels an intent that waits for a customer who is not there. The result that
    /// nothing was taken is final: a cancelled intent cannot be completed. One that was completed a
    /// moment before cannot be cancelled, and is then a payment like any other.
    async fn abandon(&self, id: &Id) -> Result<Input, Failure> {
        let intent = self.cancel(id, ABANDONED).await?;
        match intent.ending()? {
            Ending::Known(input) => Ok(input),
            Ending::Waiting(_) | Ending::Nothing => {
                Err(Failure::retry(format!("payment {id} can still be completed by the customer")))
            }
        }
    }

    /// What a refusal comes to.
    async fn declined(&self, declined: Declined) -> Result<Input, Failure> {
        match declined {
            Declined { code: DeclineCode::AuthenticationRequired, intent: Some(id) } => {
                self.abandon(&id).await
            }
            Declined { code, .. } => Ok(Input::Declined(code.into())),
        }
    }
}

impl PaymentGateway for Stripe {
    async fn enroll(&self, customer: &AggregateId) -> Result<ProviderId, Failure> {
        self.find_or_create_customer(customer).await
    }

    async fn charge(
        &self,
        order: &AggregateId,
        charge: &Charge,
        customer: &ProviderId,
        may_have_run: bool,
    ) -> Result<Input, Failure> {
        if may_have_run && let Some(input) = self.find_charge(order).await? {
            return Ok(input);
        }
        let Ok(amount) = amount::sent(charge.amount) else {
            return Ok(Input::Declined(DeclineCode::AmountNotSupported.into()));
        };
        let Some(method) = self.payment_method(charge, customer).await? else {
            return self.without_method(order, charge, customer, may_have_run).await;
        };
        let amount = amount.to_string();
        let currency = charge.amount.currency.to_string().to_lowercase();
        let form = [
            ("amount", amount.as_str()),
            ("currency", &currency),
            ("customer", customer.as_str()),
            ("payment_method", &method),
            ("confirm", "true"),
            // The customer is not there to be asked by the bank.
            ("off_session", "true"),
            ("metadata[order_id]", order.as_str()),
        ];
        let created = self.create_intent(order, Some(customer), &form, false).await;
        if matches!(created, Err(Failure::Permanent { .. }))
            && self.belongs_to_another(&method, customer).await?
        {
            return Ok(Input::Declined(DeclineCode::PaymentMethodUnusable.into()));
        }
        match created? {
            Creation::Found(input) => Ok(input),
            Creation::Answered(IntentAnswer::Created(intent)) => {
                let known = self.known(intent.ending()?).await?;
                Ok(known.unwrap_or_else(|| Input::Declined(DeclineCode::Other.into())))
            }
            Creation::Answered(IntentAnswer::Declined(declined)) => self.declined(declined).await,
        }
    }

    /// Uses up the idempotency key of the charge, for an intent that is not confirmed: a request to
    /// charge that is still on its way is then refused. If the key is taken, an attempt did get
    /// there, and the search will soon tell what became of it.
    async fn revoke(
        &self,
        order: &AggregateId,
        charge: &Charge,
        customer: Option<&ProviderId>,
    ) -> Result<Input, Failure> {
        if let Some(input) = self.find_charge(order).await? {
            return Ok(input);
        }
        let Ok(amount) = amount::sent(charge.amount) else {
            return Ok(Input::Declined(DeclineCode::AmountNotSupported.into()));
        };
        let amount = amount.to_string();
        let currency = charge.amount.currency.to_string().to_lowercase();
        let form = [
            ("amount", amount.as_str()),
            ("currency", &currency),
            ("confirm", "false"),
            ("metadata[order_id]", order.as_str()),
        ];
        match self.create_intent(order, customer, &form, true).await? {
            Creation::Found(input) => Ok(input),
            Creation::Answered(IntentAnswer::Created(_)) => Ok(Input::Revoked),
            // The charge is refused for the same reason whenever it arrives.
            Creation::Answered(IntentAnswer::Declined(declined)) => self.declined(declined).await,
        }
    }

    async fn refund(
        &self,
        order: &AggregateId,
        capture: &Capture,
        again: Again,
    ) -> Result<Input, Failure> {
        let mut key = format!("refund-{order}");
        if again != Again::No {
            match self.find_refund(&capture.payment_id).await? {
                GivenBack::Known(input) => return Ok(input),
                GivenBack::Nothing { failed: 0 } => {}
                GivenBack::Nothing { .. } if again == Again::Retried => {
                    return Err(Failure::permanent(RETURNED));
                }
                // The first key only brings back what failed. Two attempts that see the same
                // failures have the same next key, and more than was taken never goes back.
                GivenBack::Nothing { failed } => key = format!("{key}-{}", failed + 1),
            }
        }
        let amount = amount::sent(capture.amount).map_err(Failure::permanent)?.to_string();
        let form = [
            ("payment_intent", capture.payment_id.as_str()),
            ("amount", &amount),
            ("metadata[order_id]", order.as_str()),
        ];
        self.give_back(capture, &key, &form).await
    }

    async fn refunded(&self, capture: &Capture) -> Result<SoFar, Failure> {
        SoFar::of(self.find_refund(&capture.payment_id).await)
    }
}

//! The payment provider: where the process ends.

mod answer;

use event_envelope::AggregateId;
use http_port::HttpPort;
use outcome::Failure;

use crate::domain::{Capture, Charge, Fact};

use answer::{Intent, IntentAnswer, List, RefundAnswer, Refunded};

/// Moves money.
///
/// Every method may be called again for the same order, after a crash, an answer that got lost or
/// a redrive days later, and moves the money at most once all the same.
pub trait PaymentGateway: Send + Sync {
    /// Takes the money for `order`. When the attempt is `resumed`, an earlier one may have taken
    /// it already.
    ///
    /// # Errors
    ///
    /// Retry, when it is unknown what became of the attempt. Poison, when the provider does not
    /// understand the request.
    fn charge(
        &self,
        order: &AggregateId,
        charge: &Charge,
        resumed: bool,
    ) -> impl Future<Output = Result<Fact, Failure>> + Send;

    /// Finds out whether money was taken for `order`, and if not, keeps every attempt at it that
    /// may still be on its way from taking it.
    ///
    /// # Errors
    ///
    /// As [`charge`](Self::charge).
    fn revoke(
        &self,
        order: &AggregateId,
        charge: &Charge,
    ) -> impl Future<Output = Result<Fact, Failure>> + Send;

    /// Gives all of it back. When the attempt is `resumed`, an earlier one may have done so.
    ///
    /// # Errors
    ///
    /// As [`charge`](Self::charge).
    fn refund(
        &self,
        order: &AggregateId,
        capture: &Capture,
        resumed: bool,
    ) -> impl Future<Output = Result<Fact, Failure>> + Send;
}

/// A provider with Stripe's API: payment intents and refunds.
///
/// Two things keep a charge single. Within a day the provider knows the idempotency key: whatever
/// comes with it again has the first answer. After a day it forgets keys, but by then its search
/// has long seen the charge; search alone would not do, since it may be a minute behind. So a
/// resumed attempt searches first, and then sends the same request with the same key.
///
/// Sources: <https://docs.stripe.com/api/idempotent_requests>,
/// <https://docs.stripe.com/search#data-freshness>.
#[derive(Debug, Clone)]
pub struct Stripe {
    port: HttpPort,
}

impl Stripe {
    /// The provider behind `port`.
    pub const fn new(port: HttpPort) -> Self {
        Self { port }
    }

    /// What became of earlier attempts to charge `order`, if the search knows of any.
    async fn find_charge(&self, order: &AggregateId) -> Result<Option<Fact>, Failure> {
        // An id has no quotes: it was parsed.
        let query = format!("metadata['order_id']:'{order}'");
        let path = ["v1", "payment_intents", "search"];
        let request = self.port.get(&path, &[("query", &query), ("limit", "100")]);
        let found: List<Intent> = answer::object(&self.port.send(request).await?)?;
        answer::charged(found.data)
    }

    async fn find_refund(&self, payment_id: &str) -> Result<Option<Fact>, Failure> {
        let path = ["v1", "refunds"];
        let request = self.port.get(&path, &[("payment_intent", payment_id), ("limit", "100")]);
        let found: List<Refunded> = answer::object(&self.port.send(request).await?)?;
        answer::given_back(found.data)
    }

    async fn create_intent(
        &self,
        order: &AggregateId,
        form: &[(&str, &str)],
    ) -> Result<IntentAnswer, Failure> {
        let request = self.port.post(&["v1", "payment_intents"], &format!("charge-{order}"));
        let answer = self.port.send(request.form(form)).await?;
        answer::intent(&answer)
    }
}

impl PaymentGateway for Stripe {
    async fn charge(
        &self,
        order: &AggregateId,
        charge: &Charge,
        resumed: bool,
    ) -> Result<Fact, Failure> {
        if resumed && let Some(fact) = self.find_charge(order).await? {
            return Ok(fact);
        }
        let amount = charge.amount.amount.to_string();
        let currency = charge.amount.currency.to_string().to_lowercase();
        let mut form = vec![
            ("amount", amount.as_str()),
            ("currency", &currency),
            ("customer", charge.customer.as_str()),
            ("confirm", "true"),
            // The customer is not there to be asked by the bank.
            ("off_session", "true"),
            ("metadata[order_id]", order.as_str()),
        ];
        if let Some(payment_method) = &charge.payment_method {
            form.push(("payment_method", payment_method));
        }
        match self.create_intent(order, &form).await? {
            IntentAnswer::Created(intent) => intent.settled(),
            IntentAnswer::Declined(declined) => Ok(declined),
        }
    }

    /// Uses up the idempotency key of the charge, for an intent that nobody confirms: a request to
    /// charge that is still on its way is then refused. If the key is taken, an attempt did get
    /// there, and the search will soon tell what became of it.
    async fn revoke(&self, order: &AggregateId, charge: &Charge) -> Result<Fact, Failure> {
        if let Some(fact) = self.find_charge(order).await? {
            return Ok(fact);
        }
        let amount = charge.amount.amount.to_string();
        let currency = charge.amount.currency.to_string().to_lowercase();
        let form = [
            ("amount", amount.as_str()),
            ("currency", &currency),
            ("confirm", "false"),
            ("metadata[order_id]", order.as_str()),
        ];
        match self.create_intent(order, &form).await? {
            IntentAnswer::Created(_) => Ok(Fact::Revoked),
            // The charge is refused for the same reason whenever it arrives.
            IntentAnswer::Declined(declined) => Ok(declined),
        }
    }

    async fn refund(
        &self,
        order: &AggregateId,
        capture: &Capture,
        resumed: bool,
    ) -> Result<Fact, Failure> {
        if resumed && let Some(fact) = self.find_refund(&capture.payment_id).await? {
            return Ok(fact);
        }
        let amount = capture.amount.amount.to_string();
        let form = [
            ("payment_intent", capture.payment_id.as_str()),
            ("amount", &amount),
            ("metadata[order_id]", order.as_str()),
        ];
        let request = self.port.post(&["v1", "refunds"], &format!("refund-{order}"));
        let answer = self.port.send(request.form(&form)).await?;
        match answer::refund(&answer)? {
            RefundAnswer::Created(refunded) => refunded.fact(),
            RefundAnswer::AlreadyRefunded => {
                self.find_refund(&capture.payment_id).await?.ok_or_else(|| {
                    Failure::retry("the payment is refunded, but the provider lists no refund yet")
                })
            }
        }
    }
}

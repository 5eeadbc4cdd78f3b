//! The keys of a request, when the provider keeps an error of its own for one.
//!
//! Stripe keeps whatever it answers to a key, its own 500 included: the same request under the same
//! key then fails for a day, whatever the first one did. The order would be unchargeable. So there
//! are further keys, and still no second capture:
//!
//! 1. Another key is used only when a 500 *comes again* under the one before
//!    (`Idempotent-Replayed`). That request is over, and nothing can be done under its key any
//!    more.
//! 2. What it did all the same is then looked up in the list of the customer's payments, which,
//!    other than the search, is never behind. What took money is the charge; what took none and
//!    still could is cancelled first.
//! 3. The keys are used in one order, by one process at a time (the payment's lease). A request
//!    that arrives late comes under a key that has an answer, or that the next attempt uses as
//!    well.
//! 4. A revocation uses up keys in the same order until one of them is new, so that no request of
//!    the charge can be carried out after it. After a day, when keys are forgotten, the search
//!    knows all.
//!
//! A cancellation needs no look: an intent is cancelled once, under whatever key. What a refund
//! needs is told at [`give_back`](Stripe::give_back).
//!
//! Source: <https://docs.stripe.com/api/idempotent_requests>,
//! <https://docs.stripe.com/search#data-freshness>.

use event_envelope::AggregateId;
use http_client::Answer;
use runtime::Failure;

use super::{
    Stripe,
    answer::{self, Ending, Intent, IntentAnswer, List},
    id::Id,
    refusal::KeyUsed,
};
use crate::domain::Input;

/// How many keys an order has. A provider that breaks on each of them is a matter of days.
pub(super) const KEYS_MAX: usize = 4;
/// How many pages of a customer's payments are looked through.
const PAGES_MAX: usize = 10;
const PAGE: &str = "100";

/// What became of the creation of an intent.
pub(super) enum Creation {
    /// This was answered.
    Answered(IntentAnswer),
    /// An earlier attempt is found to have ended so.
    Found(Input),
}

/// Whether an error of the provider's own has come again under its key: the request is over, and
/// nothing can be done under this key any more.
pub(super) fn is_kept_error(answer: &Answer) -> bool {
    answer.is_replayed && answer.status.is_server_error()
}

/// The key of a request, or one of those that follow it.
pub(super) fn numbered(key: String, number: usize) -> String {
    if number == 1 { key } else { format!("{key}-{number}") }
}

impl Stripe {
    /// Creates an intent for the order under the first of its keys that is good for it.
    pub(super) async fn create_intent(
        &self,
        order: &AggregateId,
        customer: Option<&Id>,
        form: &[(&str, &str)],
        passes_used_keys: bool,
    ) -> Result<Creation, Failure> {
        for number in 1..=KEYS_MAX {
            let key = numbered(format!("charge-{order}"), number);
            let request = self.port.post(&["v1", "payment_intents"], &key).form(form);
            let answer = self.port.exchange(request).await?;
            if !is_kept_error(&answer) {
                let read = answer::intent(&answer.settled()?);
                let is_used =
                    matches!(&read, Err(Failure::Retry { reason, .. }) if reason.is::<KeyUsed>());
                if !(is_used && passes_used_keys) {
                    return read.map(Creation::Answered);
                }
            }
            if let Some(input) = self.look_closely(order, customer).await? {
                return Ok(Creation::Found(input));
            }
        }
        Err(Failure::retry("the provider keeps an error of its own for every key of the order"))
    }

    /// Cancels an intent, and gives it as it is then.
    pub(super) async fn cancel(&self, id: &Id, reason: &str) -> Result<Intent, Failure> {
        let path = ["v1", "payment_intents", id.as_str(), "cancel"];
        for number in 1..=KEYS_MAX {
            let request = self.port.post(&path, &numbered(format!("{reason}-{id}"), number));
            let request = request.form(&[("cancellation_reason", reason)]);
            let answer = self.port.exchange(request).await?;
            if is_kept_error(&answer) {
                continue;
            }
            let answer = answer.settled()?;
            if answer.status.is_success() {
                return answer.json();
            }
            break;
        }
        answer::object(&self.port.send(self.port.get(&path[..3], &[])).await?)
    }

    /// What became of the attempts at the charge, by the list that is never behind. Those that took
    /// nothing never will.
    async fn look_closely(
        &self,
        order: &AggregateId,
        customer: Option<&Id>,
    ) -> Result<Option<Input>, Failure> {
        let attempts = match customer {
            Some(customer) => self.attempts(order, customer).await?,
            None => Vec::new(),
        };
        let open: Vec<Id> = attempts.iter().filter_map(Intent::open).cloned().collect();
        let ending = answer::charged(attempts)?;
        if ending != Ending::Nothing {
            return self.known(ending).await;
        }
        for id in open {
            self.cancel(&id, "duplicate").await?;
        }
        Ok(None)
    }

    async fn attempts(&self, order: &AggregateId, customer: &Id) -> Result<Vec<Intent>, Failure> {
        let mut found = Vec::new();
        let mut after: Option<Id> = None;
        for _ in 0..PAGES_MAX {
            let mut query = vec![("customer", customer.as_str()), ("limit", PAGE)];
            if let Some(id) = &after {
                query.push(("starting_after", id.as_str()));
            }
            let request = self.port.get(&["v1", "payment_intents"], &query);
            let page: List<Intent> = answer::object(&self.port.send(request).await?)?;
            after = page.data.last().map(|it| it.id().clone()).filter(|_| page.has_more);
            found.extend(page.data.into_iter().filter(|it| it.is_for(order)));
            if after.is_none() {
                return Ok(found);
            }
        }
        Err(Failure::retry("the customer has more payments than can be looked through"))
    }
}

//! Customers as the provider knows them, and what they have saved to pay with.
//!
//! A customer is made once: within a day the idempotency key says which it is, and after that, when
//! the key is forgotten, the search has long seen it.
//!
//! Sources: <https://docs.stripe.com/api/customers/create>,
//! <https://docs.stripe.com/api/customers/search>,
//! <https://docs.stripe.com/api/payment_methods/customer_list>.

use event_envelope::AggregateId;
use runtime::Failure;
use serde::Deserialize;

use super::{
    PaymentGateway, Stripe,
    answer::{self, List},
    id::Id,
    keys::{KEYS_MAX, is_kept_error, numbered},
};
use crate::domain::{Charge, DeclineCode, Input};

#[derive(Debug, Deserialize)]
struct Customer {
    id: Id,
    #[serde(default)]
    created: i64,
}

#[derive(Debug, Deserialize)]
struct Method {
    id: Id,
    #[serde(default)]
    customer: Option<Id>,
}

impl Stripe {
    pub(super) async fn find_or_create_customer(
        &self,
        customer: &AggregateId,
    ) -> Result<Id, Failure> {
        // An id has no quotes: it was parsed.
        let query = format!("metadata['customer_id']:'{customer}'");
        let path = ["v1", "customers", "search"];
        let request = self.port.get(&path, &[("query", &query), ("limit", "100")]);
        let found: List<Customer> = answer::object(&self.port.send(request).await?)?;
        if let Some(first) = found.data.into_iter().min_by_key(|it| it.created) {
            return Ok(first.id);
        }
        // An error of its own that the provider keeps for a key would keep the customer out for a
        // day. A customer made twice is nothing but a name: the one that is kept is charged.
        for number in 1..=KEYS_MAX {
            let key = numbered(format!("customer-{customer}"), number);
            let request = self.port.post(&["v1", "customers"], &key);
            let request = request.form(&[("metadata[customer_id]", customer.as_str())]);
            let answer = self.port.exchange(request).await?;
            if !is_kept_error(&answer) {
                let created: Customer = answer::object(&answer.settled()?)?;
                return Ok(created.id);
            }
        }
        Err(Failure::retry("the provider keeps an error of its own for every key of the customer"))
    }

    /// What pays: what the order names, or else what the customer saved last. If that is another
    /// one when the charge is tried again, the key is refused, and nothing is charged twice.
    pub(super) async fn payment_method(
        &self,
        charge: &Charge,
        customer: &Id,
    ) -> Result<Option<String>, Failure> {
        if let Some(named) = &charge.payment_method {
            return Ok(Some(named.clone()));
        }
        let path = ["v1", "customers", customer.as_str(), "payment_methods"];
        let request = self.port.get(&path, &[("limit", "1")]);
        let saved: List<Method> = answer::object(&self.port.send(request).await?)?;
        Ok(saved.data.into_iter().next().map(|it| it.id.0))
    }

    /// There is nothing to pay with. If there was when an earlier attempt was made, that one may
    /// have taken the money, and is kept from doing so from now on.
    pub(super) async fn without_method(
        &self,
        order: &AggregateId,
        charge: &Charge,
        customer: &Id,
        may_have_run: bool,
    ) -> Result<Input, Failure> {
        let declined = Input::Declined(DeclineCode::NoPaymentMethod.into());
        if !may_have_run {
            return Ok(declined);
        }
        let input = self.revoke(order, charge, Some(customer)).await?;
        Ok(if input == Input::Revoked { declined } else { input })
    }

    /// Whether a payment method is another customer's: the provider refuses it without a code of
    /// its own.
    pub(super) async fn belongs_to_another(
        &self,
        method: &str,
        customer: &Id,
    ) -> Result<bool, Failure> {
        let Ok(id) = Id::try_from(method.to_owned()) else { return Ok(false) };
        let request = self.port.get(&["v1", "payment_methods", id.as_str()], &[]);
        let answer = self.port.send(request).await?;
        if !answer.status.is_success() {
            return Ok(false);
        }
        let method: Method = answer.json()?;
        Ok(method.customer.is_some_and(|it| it != *customer))
    }
}

//! Customers, and the payment methods that they have saved.
//!
//! Served are `POST /v1/customers`, `GET /v1/customers/{id}`, `GET /v1/customers/search`,
//! `GET /v1/customers/{id}/payment_methods`, `GET /v1/payment_methods/{id}` and
//! `POST /v1/payment_methods/{id}/attach`. A saved method stands for the test card that was attached.
//! The scripted subject of a creation is `customer:<metadata[customer_id]>`.
//!
//! Sources: <https://docs.stripe.com/api/customers>,
//! <https://docs.stripe.com/api/payment_methods/attach>.

mod routes;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use local_core::{Clock, Ids};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use time::OffsetDateTime;

pub(super) use routes::routes;

use super::{
    card::is_card,
    refusal::Refusal,
    search::{Field, Indexed},
};
use crate::handle_once::Answer;

/// What a new customer has saved, where each has something.
const SAVED_CARD: &str = "pm_card_visa";

pub(super) struct Customers {
    ids: Ids,
    have_cards: AtomicBool,
    files: Mutex<Files>,
}

/// Ids grow, so these are in the order of creation.
#[derive(Default)]
struct Files {
    customers: BTreeMap<String, Customer>,
    methods: BTreeMap<String, Method>,
}

struct Customer {
    id: String,
    created: OffsetDateTime,
    metadata: BTreeMap<String, String>,
    email: Option<String>,
    name: Option<String>,
}

struct Method {
    id: String,
    created: OffsetDateTime,
    /// The test token that it stands for.
    card: String,
    customer: String,
}

impl Indexed for Customer {
    fn value(&self, field: &Field) -> Option<String> {
        match field {
            Field::Metadata(key) => self.metadata.get(key).cloned(),
            Field::Amount | Field::Currency | Field::Customer | Field::Status => None,
        }
    }
}

impl Customer {
    fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "customer",
            "created": self.created.unix_timestamp(),
            "email": self.email,
            "invoice_settings": {"default_payment_method": null},
            "livemode": false,
            "metadata": self.metadata,
            "name": self.name,
        })
    }
}

impl Method {
    fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "payment_method",
            "created": self.created.unix_timestamp(),
            "customer": self.customer,
            "livemode": false,
            "type": "card",
        })
    }
}

impl Customers {
    pub(super) fn new(clock: &Clock) -> Self {
        let (have_cards, files) = (AtomicBool::new(false), Mutex::default());
        Self { ids: Ids::new(clock), have_cards, files }
    }

    /// From now on a new customer has a card.
    pub(super) fn give_cards(&self) {
        self.have_cards.store(true, Ordering::Relaxed);
    }

    pub(super) fn count(&self) -> usize {
        self.files().customers.len()
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock()
    }

    fn create(&self, mut customer: Customer) -> Answer {
        customer.id = self.ids.prefixed("cus");
        let object = customer.to_json();
        let mut files = self.files();
        if self.have_cards.load(Ordering::Relaxed) {
            self.save(&mut files, SAVED_CARD, &customer.id, customer.created);
        }
        files.customers.insert(customer.id.clone(), customer);
        Answer::ok(object)
    }

    fn save(
        &self,
        files: &mut Files,
        card: &str,
        customer: &str,
        created: OffsetDateTime,
    ) -> Value {
        let (card, customer) = (card.to_owned(), customer.to_owned());
        let method = Method { id: self.ids.prefixed("pm"), created, card, customer };
        let object = method.to_json();
        files.methods.insert(method.id.clone(), method);
        object
    }

    /// Saves a test card for a customer, under an id of its own.
    fn attach(&self, card: &str, customer: &str, at: OffsetDateTime) -> Answer {
        let mut files = self.files();
        if !files.customers.contains_key(customer) {
            return Refusal::no_such("customer", customer, "customer").into();
        }
        match files.methods.get(card) {
            Some(method) if method.customer == customer => Answer::ok(method.to_json()),
            Some(_) => Refusal::of_another_customer().into(),
            None if is_card(card) => Answer::ok(self.save(&mut files, card, customer, at)),
            None => Refusal::no_such("PaymentMethod", card, "payment_method").into(),
        }
    }

    /// The test card behind what a request names. A test token belongs to no customer.
    pub(super) fn card(
        &self,
        customer: Option<&str>,
        method: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        let files = self.files();
        if let Some(id) = customer.filter(|id| !files.customers.contains_key(*id)) {
            return Err(Refusal::no_such("customer", id, "customer"));
        }
        let Some(method) = method else { return Ok(None) };
        match files.methods.get(method) {
            Some(saved) if customer == Some(saved.customer.as_str()) => {
                Ok(Some(saved.card.clone()))
            }
            Some(_) => Err(Refusal::of_another_customer()),
            None if is_card(method) => Ok(Some(method.to_owned())),
            None => Err(Refusal::no_such("PaymentMethod", method, "payment_method")),
        }
    }
}

#[cfg(test)]
mod tests;

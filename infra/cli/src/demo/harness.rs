//! What a scenario can do, and what it can wait for.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use provider_stubs::{Carrier, Payments};
use tokio::time::timeout;

use super::{DemoError, observer::BusObserver};
use crate::{
    Shop,
    client::{Answer, Customer, NewOrder, Operator},
};

/// How long a scenario waits for anything.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// The events that end an order.
pub(super) const ENDINGS: [&str; 2] = [COMPLETED, CANCELLED];

pub(super) const COMPLETED: &str = "OrderCompleted";
pub(super) const CANCELLED: &str = "OrderCancelled";

/// The orders whose cancellation was confirmed to their customers, in all scenarios.
#[derive(Debug, Default)]
pub(super) struct Confirmed(Mutex<BTreeSet<String>>);

impl Confirmed {
    fn add(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
    }

    pub(super) fn orders(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The running system, for one scenario.
#[derive(Clone)]
pub(super) struct Harness {
    /// The scenario's title, for errors.
    title: &'static str,
    /// What distinguishes this run of the scenario from others.
    name: String,
    customer: Customer,
    operator: Operator,
    observer: Arc<BusObserver>,
    cancelled: Arc<Confirmed>,
    payments: Payments,
    carrier: Carrier,
}

/// An order that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) id: String,
    pub(super) user: &'static str,
}

impl Harness {
    pub(super) fn new(
        shop: &Shop,
        observer: &Arc<BusObserver>,
        cancelled: &Arc<Confirmed>,
        title: &'static str,
        name: String,
    ) -> Result<Self, DemoError> {
        Ok(Self {
            title,
            name,
            customer: Customer::new(shop.api_url(), "user-123")?,
            operator: Operator::new(shop.api_url())?,
            observer: Arc::clone(observer),
            cancelled: Arc::clone(cancelled),
            payments: shop.payments().clone(),
            carrier: shop.carrier().clone(),
        })
    }

    /// Places an order for `user`, which must be accepted.
    pub(super) async fn place(
        &self,
        user: &'static str,
        order: NewOrder,
    ) -> Result<Placed, DemoError> {
        self.place_as(user, order, "").await
    }

    /// Places one of several orders of this scenario.
    pub(super) async fn place_as(
        &self,
        user: &'static str,
        order: NewOrder,
        which: &str,
    ) -> Result<Placed, DemoError> {
        let answer = self.ask(user, &order, which).await?;
        match (answer.status, answer.order_id()) {
            (201, Some(id)) => Ok(Placed { id: id.to_owned(), user }),
            _ => Err(self.refused(&answer)),
        }
    }

    /// Sends an order, and returns the answer.
    pub(super) async fn ask(
        &self,
        user: &str,
        order: &NewOrder,
        which: &str,
    ) -> Result<Answer, DemoError> {
        let key = format!("{}{which}", self.name);
        Ok(self.customer.named(user).place(order, &key).await?)
    }

    /// Has the customer cancel. Whether that was granted: an order that has left is not cancelled.
    pub(super) async fn cancel(&self, order: &Placed) -> Result<bool, DemoError> {
        let answer = self.customer.named(order.user).cancel(&order.id).await?;
        match answer.status {
            200 => {
                self.cancelled.add(&order.id);
                Ok(true)
            }
            409 => Ok(false),
            _ => Err(self.refused(&answer)),
        }
    }

    /// Has the customer cancel at a moment at which it must be granted.
    pub(super) async fn cancel_in_time(&self, order: &Placed) -> Result<(), DemoError> {
        if self.cancel(order).await? {
            return Ok(());
        }
        Err(DemoError::TooLate { title: self.title })
    }

    /// Waits until this event of an order is published.
    pub(super) async fn until(&self, order: &Placed, event: &'static str) -> Result<(), DemoError> {
        self.any(&order.id, &[event]).await.map(|_| ())
    }

    /// Waits until an order has ended, and returns how.
    pub(super) async fn ending(&self, order: &Placed) -> Result<&'static str, DemoError> {
        self.ending_of(&order.id).await
    }

    /// Waits until the order of this id has ended, and returns how.
    pub(super) async fn ending_of(&self, id: &str) -> Result<&'static str, DemoError> {
        self.any(id, &ENDINGS).await
    }

    async fn any(&self, id: &str, types: &[&'static str]) -> Result<&'static str, DemoError> {
        let published = timeout(WAIT_MAX, self.observer.any(id, types)).await;
        published
            .map_err(|_| DemoError::NotPublished { title: self.title, events: types.join(" or ") })
    }

    /// Has the operator find the order among those that wait for a person, and resume it.
    pub(super) async fn resume(&self, order: &Placed) -> Result<(), DemoError> {
        let listed = async {
            loop {
                let answer = self.operator.reviews().await?;
                if answer.status != 200 {
                    return Err(self.refused(&answer));
                }
                let orders = answer.body["reviews"].as_array().into_iter().flatten();
                if orders.into_iter().any(|it| it["orderId"] == order.id.as_str()) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let unlisted = |_| DemoError::NotPublished {
            title: self.title,
            events: "a place on the list".to_owned(),
        };
        timeout(WAIT_MAX, listed).await.map_err(unlisted)??;
        let key = format!("{}-resume", self.name);
        let answer = self.operator.resume(&order.id, "they answer again", &key).await?;
        if answer.status == 202 { Ok(()) } else { Err(self.refused(&answer)) }
    }

    /// Has the operator spread the stock of a product.
    pub(super) async fn spread(&self, product: &str, shards: u8) -> Result<(), DemoError> {
        let key = format!("{}-spread", self.name);
        let answer = self.operator.spread(product, shards, &key).await?;
        if answer.status < 300 { Ok(()) } else { Err(self.refused(&answer)) }
    }

    pub(super) const fn payments(&self) -> &Payments {
        &self.payments
    }

    pub(super) const fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    /// An answer that is not what it must be.
    pub(super) fn refused(&self, answer: &Answer) -> DemoError {
        let (status, body) = (answer.status, answer.body.to_string());
        DemoError::Refused { title: self.title, status, body }
    }
}

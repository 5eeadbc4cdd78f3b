//! The ways of an order: each a name, a story, and how it must end.

mod cancelling;
mod failing;
mod goods;
mod late;
mod outages;

use std::fmt;

use futures_util::future::BoxFuture;
use invariants::Published;
use provider_stubs::Outcome;

use super::{
    DemoError,
    harness::{CANCELLED, COMPLETED, ENDINGS, Harness, Placed},
};
use crate::client::{Line, NewOrder};

/// More often than any caller tries. Busy with one object, a provider still answers for all others:
/// no circuit breaker opens.
const STUCK: Outcome = Outcome::Throttle(u32::MAX);
/// Nothing stands in the way any more.
const CLEAR: Outcome = Outcome::Throttle(0);

/// A story of one order, or of a few.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// What it is called at the command line.
    pub name: &'static str,
    /// What it is about.
    pub title: &'static str,
    pub(super) play: fn(Harness) -> BoxFuture<'static, Played>,
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Scenario {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Scenario {}

/// What a story came to: what must be true of each of its orders, or why it could not be played.
pub(super) type Played = Result<Vec<Expected>, DemoError>;

/// What must be true of an order when all is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) order_id: String,
    /// The event that ended it.
    pub(super) ending: &'static str,
    /// Why, where its ending has a reason.
    pub(super) reason: Option<&'static str>,
    /// Events that were published of it.
    pub(super) published: &'static [&'static str],
    /// Events that were not.
    pub(super) not_published: &'static [&'static str],
}

impl Placed {
    fn completes(&self) -> Expected {
        Expected {
            order_id: self.id.clone(),
            ending: COMPLETED,
            reason: None,
            published: &["PaymentCompleted", "ShipmentCreated"],
            not_published: &["PaymentRefunded", "InventoryReleased"],
        }
    }

    fn is_cancelled(&self, reason: &'static str) -> Expected {
        Expected {
            order_id: self.id.clone(),
            ending: CANCELLED,
            reason: Some(reason),
            published: &[],
            not_published: &["OrderShipped", COMPLETED],
        }
    }
}

impl Expected {
    /// What is not as it must be, in words.
    pub(super) fn differences(&self, events: &[&Published]) -> Vec<String> {
        let has = |name: &str| events.iter().any(|it| it.envelope.event_type == name);
        let ending = events.iter().find(|it| ENDINGS.contains(&it.envelope.event_type.as_str()));
        let (is, why) = match ending {
            Some(event) => (event.envelope.event_type.as_str(), event.reason()),
            None => ("nothing", None),
        };
        let mut differences = Vec::new();
        if is != self.ending {
            differences.push(format!("ended in {is}, not in {}", self.ending));
        } else if why != self.reason {
            differences.push(format!("ended because of {why:?}, not of {:?}", self.reason));
        }
        let missing = self.published.iter().filter(|name| !has(name));
        differences.extend(missing.map(|name| format!("{name} was not published")));
        let surplus = self.not_published.iter().filter(|name| has(name));
        differences.extend(surplus.map(|name| format!("{name} was published")));
        differences
    }

    fn publishing(self, published: &'static [&'static str]) -> Self {
        Self { published, ..self }
    }

    fn alone(self) -> Played {
        Ok(vec![self])
    }
}

/// A scenario, from a function that plays it.
macro_rules! scenario {
    ($name:literal, $function:path, $title:literal) => {
        Scenario { name: $name, title: $title, play: |harness| Box::pin($function(harness)) }
    };
}

/// How many of the scenarios are shown unless more is asked for: one of each kind.
const USUAL: usize = 5;

/// Every scenario, the usual ones first.
pub const ALL: &[Scenario] = &[
    scenario!("the-books-order", goods::the_books_order, "the book's order"),
    scenario!("out-of-stock", goods::out_of_stock, "two of which there is one"),
    scenario!("card-declined", failing::card_declined, "a declined card"),
    scenario!("undeliverable", failing::undeliverable, "an address that does not exist"),
    scenario!(
        "cancel-while-paying",
        cancelling::while_paying,
        "cancelled while it is being paid for"
    ),
    scenario!("last-piece", goods::last_piece, "two customers, and one piece"),
    scenario!("hot-product", goods::hot_product, "a product spread over shards"),
    scenario!("placed-twice", goods::placed_twice, "one order, sent twice at once"),
    scenario!("cancel-at-once", cancelling::at_once, "cancelled as soon as it is placed"),
    scenario!("cancel-when-reserved", cancelling::when_reserved, "cancelled when it is reserved"),
    scenario!("cancel-when-paid", cancelling::when_paid, "cancelled when it is paid for"),
    scenario!(
        "cancel-while-shipping",
        cancelling::while_shipping,
        "cancelled while the carrier is at it"
    ),
    scenario!(
        "cancel-against-shipment",
        cancelling::against_shipment,
        "cancelled as the shipment is announced"
    ),
    scenario!("cancel-twice", cancelling::twice, "cancelled twice"),
    scenario!("cancel-too-late", cancelling::too_late, "cancelled after it is completed"),
    scenario!(
        "cancel-in-outage",
        cancelling::in_an_outage,
        "cancelled while the payment provider is unavailable"
    ),
    scenario!("payment-answer-lost", outages::payment_answer_lost, "a charge whose answer is lost"),
    scenario!("payment-outage", outages::payment_outage, "a payment provider that is down"),
    scenario!("payment-throttled", outages::payment_throttled, "a payment provider that is busy"),
    scenario!(
        "shipment-answer-lost",
        outages::shipment_answer_lost,
        "a shipment whose answer is lost"
    ),
    scenario!("carrier-outage", outages::carrier_outage, "a carrier that is down"),
    scenario!("carrier-throttled", outages::carrier_throttled, "a carrier that is busy"),
    scenario!("unpaid", late::unpaid, "not paid for in time"),
    scenario!("unshipped", late::unshipped, "not shipped in time"),
    scenario!("refund-outage", failing::refund_outage, "a refund that takes some tries"),
    scenario!("refund-stuck", failing::refund_stuck, "a refund that needs a person"),
    scenario!("recall-stuck", failing::recall_stuck, "a recall that needs a person"),
];

/// So many orders: one of each usual kind, and again from the first.
pub fn usual(count: usize) -> Vec<&'static Scenario> {
    ALL.iter().take(USUAL).cycle().take(count).collect()
}

/// The scenario of this name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

/// One of a product.
fn one(product: &str) -> NewOrder {
    NewOrder::of(vec![Line::of(product, 1)])
}

/// One of a product, paid for in this way.
fn paid_by(product: &str, payment_method: &str) -> NewOrder {
    NewOrder { payment_method_id: Some(payment_method.to_owned()), ..one(product) }
}

/// One of a product, to be delivered there.
fn sent_to(product: &str, address: &str) -> NewOrder {
    NewOrder { delivery_address_id: Some(address.to_owned()), ..one(product) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_scenario_is_found_by_a_name_of_its_own() {
        let names: BTreeSet<_> = ALL.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.len() > 20);
        for name in names {
            assert_eq!(find(name).map(|it| it.name), Some(name));
            assert!(name.bytes().all(|it| it.is_ascii_lowercase() || it == b'-'), "{name}");
        }
        assert!(find("nothing").is_none());
    }
}

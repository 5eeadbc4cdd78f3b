//! The tables of the figures, and what happens to orders.

use std::collections::BTreeMap;

use analytics::{
    domain::{Addition, AnalyticsEvent, Counts, Sold},
    handler::Analytics,
};
use catalogue::{
    CancelReason, Event, LineItem, Money, OrderCancelled, OrderCompleted, OrderCreated,
    PaymentCompleted, PaymentRefunded,
};
use event_envelope::{AggregateId, CorrelationId, Delivery};
use event_store::EventStore;
use idempotency::{DynamoDbStore, IdempotencyConfig, ReplayPolicy};
use local_dynamodb::{Capacity, DynamoDb, FaultPlan};
use runtime::{Clock, Done, Failure, IdGenerator};
use serde_json::{Value, json};
use testkit::{Harness, database, for_any_event};
use time::OffsetDateTime;
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

pub(crate) const FIGURES: &str = "orderly-order-figures";
pub(crate) const PRODUCTS: &str = "orderly-product-figures";
const RECORDS: &str = "orderly-event-idempotency";
const EVENTS: &str = "orderly-order-events";

/// By day, quarter and currency: what happened.
pub(crate) type Figures = BTreeMap<(String, String, String), Counts>;
/// By day, product and currency: how many, and what they came to.
pub(crate) type Sales = BTreeMap<(String, String, String), (i64, i64)>;

#[derive(Debug, Clone)]
pub(crate) struct World {
    database: DynamoDb,
}

pub(crate) fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

/// An event of an order, at this place in the history of what published it.
pub(crate) fn event(
    order: &str,
    event: impl Into<Event>,
    sequence: u64,
    at: OffsetDateTime,
) -> Delivery<Event> {
    let event = event.into();
    let envelope = event.draft(id(order), sequence, at).root(CorrelationId::of(order), None);
    Delivery { envelope, event, replay: None }
}

/// An order of `quantity` of two products, one of which costs twice the `price` of the other.
pub(crate) fn created(
    order: &str,
    quantity: u32,
    price: Money,
    at: OffsetDateTime,
) -> Delivery<Event> {
    let double = price.times(2).unwrap();
    let line =
        |product: &str, unit_price| LineItem { product_id: id(product), quantity, unit_price };
    let items = vec![line("prod-001", price), line("prod-002", double)];
    let total = price.times(3 * quantity).unwrap();
    let created = OrderCreated {
        order_id: id(order),
        user_id: id("user-1"),
        items,
        total,
        payment_method_id: None,
        delivery_address_id: None,
    };
    event(order, created, 1, at)
}

pub(crate) fn completed(order: &str, total: Option<Money>, at: OffsetDateTime) -> Delivery<Event> {
    event(order, OrderCompleted { order_id: id(order), total }, 4, at)
}

pub(crate) fn cancelled(order: &str, at: OffsetDateTime) -> Delivery<Event> {
    let reason = CancelReason::CustomerRequest;
    event(order, OrderCancelled { order_id: id(order), reason }, 3, at)
}

pub(crate) fn paid(order: &str, amount: Option<Money>, at: OffsetDateTime) -> Delivery<Event> {
    let payment_id = format!("pi_{order}");
    event(order, PaymentCompleted { order_id: id(order), payment_id, amount }, 1, at)
}

pub(crate) fn refunded(order: &str, amount: Money, at: OffsetDateTime) -> Delivery<Event> {
    let (payment_id, refund_id) = (format!("pi_{order}"), format!("re_{order}"));
    event(order, PaymentRefunded { order_id: id(order), payment_id, refund_id, amount }, 2, at)
}

/// What these events come to, each of them counted once.
pub(crate) fn folded<'e>(events: impl IntoIterator<Item = &'e Delivery<Event>>) -> Figures {
    let mut figures = Figures::new();
    for Delivery { envelope, event, .. } in events {
        let Ok(event) = AnalyticsEvent::try_from(event.clone()) else { continue };
        let Addition { quarter, currency, counts, .. } = Addition::of(&event, envelope);
        figures.entry((quarter.day(), quarter.time(), currency)).or_default().add(&counts);
    }
    figures
}

/// What of these events was sold.
pub(crate) fn sales<'e>(events: impl IntoIterator<Item = &'e Delivery<Event>> + Clone) -> Sales {
    let mut sales = Sales::new();
    for completed in events.clone() {
        if !matches!(completed.event, Event::OrderCompleted(_)) {
            continue;
        }
        let order = &completed.envelope.aggregate_id;
        for created in events.clone() {
            let Event::OrderCreated(it) = &created.event else { continue };
            if it.order_id != *order {
                continue;
            }
            for Sold { day, product, currency, units, revenue } in
                analytics::domain::sold(&it.items, completed.envelope.timestamp)
            {
                let sum = sales.entry((day, product, currency)).or_default();
                *sum = (sum.0 + units, sum.1 + revenue);
            }
        }
    }
    sales
}

impl World {
    pub(crate) async fn new() -> Self {
        Self { database: database(&[FIGURES, PRODUCTS, RECORDS, EVENTS]).await }
    }

    /// A world whose event store has the beginnings of these orders.
    pub(crate) async fn of(events: &[Delivery<Event>]) -> Self {
        let world = Self::new().await;
        world.store(events).await;
        world
    }

    /// Stores the events that orders begin with.
    pub(crate) async fn store(&self, events: &[Delivery<Event>]) {
        let store = EventStore::new(self.database.client(), EVENTS, "ORDER");
        for delivery in events {
            if matches!(delivery.event, Event::OrderCreated(_)) {
                store.append(std::slice::from_ref(&delivery.envelope)).await.unwrap();
            }
        }
    }

    /// One process of the function that meets `plan`.
    pub(crate) fn service(
        &self,
        plan: FaultPlan,
    ) -> impl Service<Delivery<Event>, Response = Done, Error = Failure, Future: Send>
    + Clone
    + Send
    + Sync
    + use<> {
        let client = self.database.client_with(plan);
        let records = DynamoDbStore::new(client.clone(), RECORDS);
        let clock = Clock::fixed(OffsetDateTime::UNIX_EPOCH);
        let guard = IdempotencyConfig::new(records, "analytics", ReplayPolicy::Refuse)
            .with(clock, IdGenerator::random());
        let orders = EventStore::new(client, EVENTS, "ORDER");
        let analytics = Analytics::new(FIGURES.to_owned(), PRODUCTS.to_owned(), orders);
        for_any_event(analytics.into_service(guard))
    }

    /// All figures, those of all items of a quarter and currency together.
    pub(crate) async fn figures(&self) -> Figures {
        let mut figures = Figures::new();
        for row in self.items(FIGURES).await {
            let mut parts = row["quarter"].as_str().unwrap().split('#');
            let (time, currency) = (parts.next().unwrap(), parts.next().unwrap());
            let key = (row["day"].as_str().unwrap().to_owned(), time.into(), currency.into());
            let counts: Counts = serde_json::from_value(row.clone()).unwrap();
            figures.entry(key).or_default().add(&counts);
        }
        figures
    }

    /// What was sold.
    pub(crate) async fn sales(&self) -> Sales {
        let read = |row: Value| {
            let (day, product) = (row["day"].as_str().unwrap(), row["product"].as_str().unwrap());
            let (product, currency) = product.split_once('#').unwrap();
            assert_eq!(row["market"], format!("{day}#{currency}"));
            let number = |name: &str| row[name].as_i64().unwrap();
            let sums = (number("units"), number("revenue"));
            ((day.to_owned(), product.to_owned(), currency.to_owned()), sums)
        };
        self.items(PRODUCTS).await.into_iter().map(read).collect()
    }

    /// How many events have a record.
    pub(crate) async fn records(&self) -> usize {
        self.items(RECORDS).await.len()
    }

    pub(crate) fn capacity(&self) -> Capacity {
        self.database.capacity()
    }

    pub(crate) fn client(&self, plan: FaultPlan) -> aws_sdk_dynamodb::Client {
        self.database.client_with(plan)
    }

    async fn items(&self, table: &str) -> Vec<Value> {
        let scanned = self.database.json("Scan", &json!({ "TableName": table })).await.unwrap();
        let items: Vec<serde_dynamo::Item> =
            serde_json::from_value(scanned["Items"].clone()).unwrap();
        items.into_iter().map(|item| serde_dynamo::from_item(item).unwrap()).collect()
    }
}

impl Harness for World {
    type Process = BoxCloneSyncService<Delivery<Event>, Done, Failure>;

    fn process(&self, plan: &FaultPlan) -> Self::Process {
        Self::Process::new(self.service(plan.clone()))
    }

    async fn handle(process: &Self::Process, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        process.clone().oneshot(delivery.clone()).await
    }
}

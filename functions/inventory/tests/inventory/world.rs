//! The tables of the inventory, and some stock in them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use clock::{Clock, Tokens};
use event_envelope::{Delivery, Envelope, FromEnvelope};
use events::Event;
use idempotency::{DynamoDbStore, Guard, ReplayPolicy};
use inventory::{domain::Reservation, handler::Inventory};
use local_dynamodb::{DynamoDb, FaultPlan};
use local_testkit::{Stage, database};
use outcome::{Done, Failure};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

use crate::order::id;

const STOCK: &str = "orderly-inventory";
const RESERVATIONS: &str = "orderly-reservations";
const RECORDS: &str = "orderly-event-idempotency";
/// The most records that one read of a stream gives.
const PAGE: usize = 1000;
pub(crate) const RETENTION: Duration = Duration::from_hours(365 * 24);

/// One process of the function.
type Process = BoxCloneSyncService<Delivery<Event>, Done, Failure>;

#[derive(Debug, Clone)]
pub(crate) struct World {
    database: DynamoDb,
    seconds: Arc<AtomicI64>,
}

impl World {
    /// A world with so many of each product.
    pub(crate) async fn with(stock: &[(&str, u32)]) -> Self {
        let database = database(&[STOCK, RESERVATIONS, RECORDS]).await;
        for (product, available) in stock {
            let available = json!({ "N": available.to_string() });
            let item = json!({ "productId": { "S": product }, "available": available });
            let put = json!({ "TableName": STOCK, "Item": item });
            database.json("PutItem", &put).await.unwrap();
        }
        Self { database, seconds: Arc::new(AtomicI64::new(1_763_375_400)) }
    }

    /// Ten of prod-001 and five of prod-002.
    pub(crate) async fn new() -> Self {
        Self::with(&[("prod-001", 10), ("prod-002", 5)]).await
    }

    /// One process of the function.
    pub(crate) fn service(
        &self,
        plan: FaultPlan,
    ) -> impl Service<Delivery<Event>, Response = Done, Error = Failure, Future: Send>
    + Clone
    + Send
    + Sync
    + use<> {
        let client = self.database.client_with(plan);
        let seconds = self.seconds.clone();
        let clock = Clock::from_fn(move || {
            OffsetDateTime::from_unix_timestamp(seconds.load(Ordering::SeqCst)).unwrap()
        });
        let records = DynamoDbStore::new(client.clone(), RECORDS);
        let guard = Guard::new(records, "inventory", ReplayPolicy::Refuse)
            .retention(RETENTION)
            .with(clock.clone(), Tokens::random());
        Inventory::new(client, STOCK.to_owned(), RESERVATIONS.to_owned(), clock)
            .into_service(guard)
    }

    pub(crate) async fn deliver_with(
        &self,
        delivery: &Delivery<Event>,
        plan: FaultPlan,
    ) -> Result<Done, Failure> {
        self.service(plan).oneshot(delivery.clone()).await
    }

    /// Takes a product off the shelves for good.
    pub(crate) async fn delist(&self, product: &str) {
        let key = json!({ "productId": { "S": product } });
        let delete = json!({ "TableName": STOCK, "Key": key });
        self.database.json("DeleteItem", &delete).await.unwrap();
    }

    /// How many of a product there are; none when it is not stocked.
    pub(crate) async fn stock(&self, product: &str) -> Option<i64> {
        let key = json!({ "productId": { "S": product } });
        let got = self.database.json("GetItem", &json!({ "TableName": STOCK, "Key": key })).await;
        got.unwrap()["Item"]["available"]["N"].as_str().map(|number| number.parse().unwrap())
    }

    async fn items(&self, table: &str) -> Vec<idempotency::Item> {
        let pages = self.database.client().scan().table_name(table).into_paginator().items();
        pages.send().collect::<Result<_, _>>().await.unwrap()
    }

    /// Every order's reservation.
    pub(crate) async fn reservations(&self) -> BTreeMap<String, Reservation> {
        let read = |item: idempotency::Item| {
            let order = item["orderId"].as_s().unwrap().clone();
            (order, serde_dynamo::from_item(item).unwrap())
        };
        self.items(RESERVATIONS).await.into_iter().map(read).collect()
    }

    pub(crate) async fn reservation(&self, order: &str) -> Reservation {
        self.reservations().await.remove(order).unwrap_or_default()
    }

    /// How many of a product are reserved.
    pub(crate) async fn reserved(&self, product: &str) -> i64 {
        let reservations = self.reservations().await.into_values();
        let items = reservations.flat_map(|reservation| match reservation {
            Reservation::Reserved { items } => items,
            Reservation::Absent
            | Reservation::Failed
            | Reservation::Released
            | Reservation::Withdrawn => Vec::new(),
        });
        items.filter(|it| it.product_id == id(product)).map(|it| i64::from(it.quantity)).sum()
    }

    /// How many events have a record.
    pub(crate) async fn records(&self) -> usize {
        self.items(RECORDS).await.len()
    }

    /// The events that the stream of records hands to the relay, oldest first.
    pub(crate) fn said(&self) -> Vec<Envelope> {
        let mut said = Vec::new();
        let mut position = 0;
        loop {
            let page = self.database.stream_records(RECORDS, position, PAGE).unwrap();
            let Some(last) = page.last() else { return said };
            position = last.sequence;
            for record in page {
                said.extend(outgoing(&record.event["dynamodb"]["NewImage"]));
            }
        }
    }

    /// The types of what was said about an order, oldest first.
    pub(crate) fn answers(&self, order: &str) -> Vec<String> {
        let said = self.said().into_iter().filter(|it| it.aggregate_id == id(order));
        said.map(|it| it.event_type).collect()
    }

    /// The one event that was said.
    pub(crate) fn only_answer(&self) -> (Envelope, Event) {
        let [envelope] = self.said().try_into().unwrap();
        let event = Event::from_envelope(&envelope).unwrap();
        (envelope, event)
    }
}

impl Stage for World {
    type Process = Process;

    fn process(&self, plan: &FaultPlan) -> Self::Process {
        Process::new(self.service(plan.clone()))
    }

    async fn handle(process: &Self::Process, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        process.clone().oneshot(delivery.clone()).await
    }

    fn pass(&self, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap();
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }
}

fn outgoing(image: &Value) -> Vec<Envelope> {
    let Some(list) = image.get("outgoing") else { return Vec::new() };
    let list: serde_dynamo::AttributeValue = serde_json::from_value(list.clone()).unwrap();
    serde_dynamo::from_attribute_value(list).unwrap()
}

//! The tables of the inventory, and some stock in them.

use lambda::TaskHandler;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use catalogue::{DECODER, Event};
use event_envelope::{Delivery, Envelope, FromEnvelope};
use idempotency::{DynamoDbStore, IdempotencyConfig, ReplayPolicy};
use inventory::{api::InventoryApi, domain::Reservation, handler::Inventory};
use lambda::TaskError;
use local_dynamodb::{Capacity, DynamoDb, FaultPlan};
use runtime::{Clock, Done, Failure, IdGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testkit::for_any_event;
use testkit::{
    Harness, database,
    http::{Answer, Request},
};
use time::OffsetDateTime;
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

use crate::order::id;

pub(crate) const STOCK: &str = "orderly-inventory";
const RESERVATIONS: &str = "orderly-reservations";
const RECORDS: &str = "orderly-event-idempotency";
pub(crate) const MOVEMENTS: &str = "orderly-stock-movements";
/// The most records that one read of a stream gives.
const PAGE: usize = 1000;
pub(crate) const RETENTION: Duration = Duration::from_hours(365 * 24);

/// One process of the function.
pub(crate) type Process = BoxCloneSyncService<Delivery<Event>, Done, Failure>;

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) database: DynamoDb,
    seconds: Arc<AtomicI64>,
}

impl World {
    /// A world with so many of each product.
    pub(crate) async fn with(stock: &[(&str, u32)]) -> Self {
        let database = database(&[STOCK, RESERVATIONS, RECORDS]).await;
        database.json("CreateTable", &movements_table()).await.unwrap();
        let world = Self { database, seconds: Arc::new(AtomicI64::new(1_763_375_400)) };
        for (product, available) in stock {
            world.put_stock(json!({ "productId": product, "available": available })).await;
        }
        world
    }

    /// Ten of prod-001 and five of prod-002.
    pub(crate) async fn new() -> Self {
        Self::with(&[("prod-001", 10), ("prod-002", 5)]).await
    }

    /// Stocks a product in as many shards as there are numbers, with so many in each.
    pub(crate) async fn spread(self, product: &str, available: &[u32]) -> Self {
        let shards = available.len();
        for (shard, available) in available.iter().enumerate() {
            let key = if shard == 0 { product.to_owned() } else { format!("{product}#{shard}") };
            let mut row = json!({ "productId": key, "available": available, "shards": shards });
            if shard == 0 {
                row["rows"] = shards.into();
            }
            self.put_stock(row).await;
        }
        self
    }

    /// Writes a row of stock as a person or another version may have written it.
    pub(crate) async fn put_stock(&self, row: Value) {
        let item: serde_dynamo::Item = serde_dynamo::to_item(row).unwrap();
        let put = json!({ "TableName": STOCK, "Item": item });
        self.database.json("PutItem", &put).await.unwrap();
    }

    /// Writes a reservation as another version may have written it.
    pub(crate) async fn put_reservation(&self, row: Value) {
        let item: serde_dynamo::Item = serde_dynamo::to_item(row).unwrap();
        let put = json!({ "TableName": RESERVATIONS, "Item": item });
        self.database.json("PutItem", &put).await.unwrap();
    }

    fn clock(&self) -> Clock {
        let seconds = self.seconds.clone();
        Clock::from_fn(move || {
            OffsetDateTime::from_unix_timestamp(seconds.load(Ordering::SeqCst)).unwrap()
        })
    }

    fn guard(&self, client: &Client, consumer: &str) -> IdempotencyConfig<DynamoDbStore> {
        IdempotencyConfig::new(
            DynamoDbStore::new(client.clone(), RECORDS),
            consumer,
            ReplayPolicy::Refuse,
        )
        .retention(RETENTION)
        .with(self.clock(), IdGenerator::random())
    }

    /// One process of the function that reaches the tables by `client`.
    pub(crate) fn service_by(
        &self,
        client: Client,
    ) -> impl Service<Delivery<Event>, Response = Done, Error = Failure, Future: Send>
    + Clone
    + Send
    + Sync
    + use<> {
        let guard = self.guard(&client, "inventory");
        let inventory =
            Inventory::new(client, STOCK.to_owned(), RESERVATIONS.to_owned(), self.clock());
        for_any_event(inventory.into_service(guard))
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
        self.service_by(self.database.client_with(plan))
    }

    /// Invokes a process that meets `plan` as a workflow does: what the workflow receives.
    pub(crate) async fn invoke_with(
        &self,
        payload: Value,
        plan: FaultPlan,
    ) -> Result<Value, TaskError> {
        let client = self.database.client_with(plan);
        let guard = self.guard(&client, "inventory");
        let inventory =
            Inventory::new(client, STOCK.to_owned(), RESERVATIONS.to_owned(), self.clock());
        let tasks = inventory.into_tasks(guard);
        let consume = async |_| panic!("a task is no batch");
        let work = async |task| tasks.handle_task(task).await;
        let invocation = serde_json::from_value(payload).unwrap();
        let answer = lambda::answer(invocation, &DECODER, consume, work).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    /// What the workflow of `order` receives for one of its tasks.
    pub(crate) async fn invoke(
        &self,
        task: &str,
        order: &Delivery<Event>,
    ) -> Result<Value, TaskError> {
        let payload = json!({ "task": task, "event": order.envelope });
        self.invoke_with(payload, FaultPlan::none()).await
    }

    pub(crate) async fn deliver_with(
        &self,
        delivery: &Delivery<Event>,
        plan: FaultPlan,
    ) -> Result<Done, Failure> {
        self.service(plan).oneshot(delivery.clone()).await
    }

    /// One process of the API that reaches the tables by `client`.
    pub(crate) fn api_by(&self, client: Client) -> InventoryApi {
        let guard = self.guard(&client, "inventory-api");
        InventoryApi::new(client, STOCK.to_owned(), MOVEMENTS.to_owned(), guard, self.clock())
    }

    /// Asks a process of the API that meets `plan`.
    pub(crate) async fn ask_with(&self, plan: FaultPlan, request: &Request) -> Answer {
        self.api_by(self.database.client_with(plan)).handle(request.event()).await.into()
    }

    pub(crate) async fn ask(&self, request: &Request) -> Answer {
        self.ask_with(FaultPlan::none(), request).await
    }

    /// Takes a row of stock off the shelves for good.
    pub(crate) async fn delist(&self, row: &str) {
        let key = json!({ "productId": { "S": row } });
        let delete = json!({ "TableName": STOCK, "Key": key });
        self.database.json("DeleteItem", &delete).await.unwrap();
    }

    /// How many of a product there are in each of its rows, in the order of their keys.
    pub(crate) async fn rows(&self, product: &str) -> BTreeMap<String, i64> {
        let mut rows = self.books().await.rows;
        rows.retain(|key, _| key.split('#').next() == Some(product));
        rows
    }

    /// How many of a product there are in all its rows; none when it is not stocked.
    pub(crate) async fn stock(&self, product: &str) -> Option<i64> {
        let rows = self.rows(product).await;
        rows.contains_key(product).then(|| rows.values().sum())
    }

    /// Every row of a table, as it is now: nothing is written during the read.
    async fn items(&self, table: &str) -> Vec<serde_dynamo::Item> {
        let mut items = Vec::new();
        let mut scan = json!({ "TableName": table });
        loop {
            let mut page = self.database.json("Scan", &scan).await.unwrap();
            let read: Vec<_> = serde_json::from_value(page["Items"].take()).unwrap();
            items.extend(read);
            if page["LastEvaluatedKey"].is_null() {
                return items;
            }
            scan["ExclusiveStartKey"] = page["LastEvaluatedKey"].take();
        }
    }

    async fn read<T: DeserializeOwned>(&self, table: &str) -> Vec<T> {
        let items = self.items(table).await.into_iter();
        items.map(|item| serde_dynamo::from_item(item).unwrap()).collect()
    }

    /// Every order's reservation.
    pub(crate) async fn reservations(&self) -> BTreeMap<String, Reservation> {
        let read = |row: Value| {
            let order = row["orderId"].as_str().unwrap().to_owned();
            (order, serde_json::from_value(row).unwrap())
        };
        self.read(RESERVATIONS).await.into_iter().map(read).collect()
    }

    pub(crate) async fn reservation(&self, order: &str) -> Reservation {
        self.reservations().await.remove(order).unwrap_or_default()
    }

    /// How many of a product are reserved.
    pub(crate) async fn reserved(&self, product: &str) -> i64 {
        self.books().await.held.remove(product).unwrap_or_default()
    }

    /// Everything that is written about stock.
    pub(crate) async fn books(&self) -> Books {
        let mut books = Books::default();
        for row in self.read::<Value>(STOCK).await {
            let key = row["productId"].as_str().unwrap().to_owned();
            let product = key.split('#').next().unwrap().to_owned();
            *books.counted.entry(product).or_default() += row["reserved"].as_i64().unwrap_or(0);
            books.rows.insert(key, row["available"].as_i64().unwrap_or(0));
        }
        for row in self.read::<Value>(RESERVATIONS).await {
            let held = match row["status"].as_str().unwrap() {
                "reserved" => &mut books.held,
                "shipped" => &mut books.shipped,
                _ => continue,
            };
            for item in row["items"].as_array().unwrap() {
                let product = item["productId"].as_str().unwrap().to_owned();
                *held.entry(product).or_default() += item["quantity"].as_i64().unwrap();
            }
        }
        for row in self.movements().await {
            let product = row["productId"].as_str().unwrap().to_owned();
            let moved = row["quantity"].as_i64().or(row["delta"].as_i64()).unwrap_or(0);
            *books.moved.entry(product).or_default() += moved;
        }
        books
    }

    /// What was done with stock by command.
    pub(crate) async fn movements(&self) -> Vec<Value> {
        self.read(MOVEMENTS).await
    }

    pub(crate) fn capacity(&self) -> Capacity {
        self.database.capacity()
    }

    /// How many events have a record.
    pub(crate) async fn records(&self) -> usize {
        self.items(RECORDS).await.len()
    }

    /// The events that the stream of records hands to the relay, oldest first.
    pub(crate) fn published(&self) -> Vec<Envelope> {
        let mut published = Vec::new();
        let mut position = 0;
        loop {
            let page = self.database.stream_records(RECORDS, position, PAGE).unwrap();
            let Some(last) = page.last() else { return published };
            position = last.sequence;
            for record in page {
                published.extend(outgoing(&record.event["dynamodb"]["NewImage"]));
            }
        }
    }

    /// The types of the events about an order, oldest first.
    pub(crate) fn answers(&self, order: &str) -> Vec<String> {
        let published = self.published().into_iter().filter(|it| it.aggregate_id == id(order));
        published.map(|it| it.event_type).collect()
    }

    /// The one event that was published.
    pub(crate) fn only_answer(&self) -> (Envelope, Event) {
        let [envelope] = self.published().try_into().unwrap();
        let event = Event::from_envelope(&envelope).unwrap();
        (envelope, event)
    }
}

/// What is written about stock at a moment, by product.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Books {
    /// Free to be sold, by row.
    pub(crate) rows: BTreeMap<String, i64>,
    /// What the rows count as reserved.
    pub(crate) counted: BTreeMap<String, i64>,
    /// What reservations hold.
    pub(crate) held: BTreeMap<String, i64>,
    /// What reservations held that have left.
    pub(crate) shipped: BTreeMap<String, i64>,
    /// What came in and what was corrected, by command.
    pub(crate) moved: BTreeMap<String, i64>,
}

impl Books {
    /// What is free to be sold of a product.
    pub(crate) fn available(&self, product: &str) -> i64 {
        let rows = self.rows.iter().filter(|(key, _)| key.split('#').next() == Some(product));
        rows.map(|(_, available)| available).sum()
    }

    /// Holds stock to be conserved and never negative, and counted as it is held, when there was
    /// `initial` of each product.
    #[track_caller]
    pub(crate) fn assert_balanced(&self, initial: &[(&str, i64)]) {
        assert!(self.rows.values().all(|available| *available >= 0), "{self:?}");
        let of = |all: &BTreeMap<String, i64>, product| all.get(product).copied().unwrap_or(0);
        for &(product, initial) in initial {
            let held = of(&self.held, product);
            let all = self.available(product) + held + of(&self.shipped, product);
            assert_eq!(all, initial + of(&self.moved, product), "{product} in {self:?}");
            assert_eq!(of(&self.counted, product), held, "{product} in {self:?}");
        }
    }
}

impl Harness for World {
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

fn movements_table() -> Value {
    json!({
        "TableName": MOVEMENTS,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "productId", "AttributeType": "S" },
            { "AttributeName": "movementId", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "productId", "KeyType": "HASH" },
            { "AttributeName": "movementId", "KeyType": "RANGE" },
        ],
    })
}

fn outgoing(image: &Value) -> Vec<Envelope> {
    let Some(list) = image.get("outgoing") else { return Vec::new() };
    let list: serde_dynamo::AttributeValue = serde_json::from_value(list.clone()).unwrap();
    serde_dynamo::from_attribute_value(list).unwrap()
}

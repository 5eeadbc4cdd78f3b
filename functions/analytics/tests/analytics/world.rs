//! The tables of the totals, and orders that are completed.

use std::collections::BTreeMap;

use analytics::handler::Analytics;
use catalogue::{Event, Money, OrderCompleted};
use event_envelope::{AggregateId, CorrelationId, Delivery};
use idempotency::{DynamoDbStore, IdempotencyConfig, ReplayPolicy};
use local_dynamodb::{Capacity, DynamoDb, FaultPlan};
use runtime::{Clock, Done, Failure, IdGenerator};
use serde_json::{Value, json};
use testkit::{Harness, database, for_any_event};
use time::OffsetDateTime;
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

const TOTALS: &str = "orderly-order-figures";
const RECORDS: &str = "orderly-event-idempotency";

/// By day and currency: how many orders, and what they came to.
pub(crate) type Totals = BTreeMap<(String, String), (i64, i64)>;

#[derive(Debug, Clone)]
pub(crate) struct World {
    database: DynamoDb,
}

/// An order that was completed at `at`, and came to `total`.
pub(crate) fn completed(order: &str, total: Option<Money>, at: OffsetDateTime) -> Delivery<Event> {
    let order_id = AggregateId::parse(order).unwrap();
    let event = Event::from(OrderCompleted { order_id: order_id.clone(), total });
    let envelope = event.draft(order_id, 4, at).root(CorrelationId::of(order), None);
    Delivery { envelope, event, replay: None }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self { database: database(&[TOTALS, RECORDS]).await }
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
        let records = DynamoDbStore::new(self.database.client_with(plan), RECORDS);
        let clock = Clock::fixed(OffsetDateTime::UNIX_EPOCH);
        let guard = IdempotencyConfig::new(records, "analytics", ReplayPolicy::Refuse)
            .with(clock, IdGenerator::random());
        for_any_event(Analytics::new(TOTALS.to_owned()).into_service(guard))
    }

    /// All totals.
    pub(crate) async fn totals(&self) -> Totals {
        let read = |row: Value| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let number = |name: &str| row[name].as_i64().unwrap();
            ((text("day"), text("currency")), (number("orders"), number("amount")))
        };
        self.items(TOTALS).await.into_iter().map(read).collect()
    }

    /// How many events have a record.
    pub(crate) async fn records(&self) -> usize {
        self.items(RECORDS).await.len()
    }

    pub(crate) fn capacity(&self) -> Capacity {
        self.database.capacity()
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

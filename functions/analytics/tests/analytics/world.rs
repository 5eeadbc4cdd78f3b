//! The tables of the figures, and orders that are completed.

use std::{collections::BTreeMap, sync::Arc};

use analytics::handler::Analytics;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use clock::{Clock, Tokens};
use consumer::{Consumer, Parking};
use event_envelope::{AggregateId, CorrelationId, Delivery};
use events::{DECODER, Event, Money, OrderCompleted};
use idempotency::{DynamoDbStore, Guard, ReplayPolicy};
use local_dynamodb::{Capacity, DynamoDb, FaultPlan};
use local_sqs::{QueueSpec, Sqs};
use local_testkit::{Stage, database, sdk_config};
use outcome::{Done, Failure};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

const FIGURES: &str = "orderly-order-figures";
const RECORDS: &str = "orderly-event-idempotency";
const QUEUE: &str = "orderly-analytics-queue";
const DEAD_LETTERS: &str = "orderly-analytics-dlq";
/// Nobody listens there.
const ENDPOINT: &str = "http://127.0.0.1:9000";

/// By day and currency: how many orders, and what they came to.
pub(crate) type Figures = BTreeMap<(String, String), (i64, i64)>;

#[derive(Debug, Clone)]
pub(crate) struct World {
    database: DynamoDb,
    sqs: Sqs,
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
        let database = database(&[RECORDS]).await;
        database.json("CreateTable", &figures_table()).await.unwrap();
        let sqs = Sqs::new(ENDPOINT);
        for queue in [QUEUE, DEAD_LETTERS] {
            sqs.create_queue(QueueSpec::named(queue)).unwrap();
        }
        Self { database, sqs }
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
        let guard =
            Guard::new(records, "analytics", ReplayPolicy::Refuse).with(clock, Tokens::random());
        Analytics::new(FIGURES.to_owned()).into_service(guard)
    }

    /// Has a batch consumed: which records come again, and how many were parked.
    pub(crate) async fn consume(&self, batch: SqsEvent) -> (SqsBatchResponse, usize) {
        let client = aws_sdk_sqs::Client::new(&sdk_config(Arc::new(self.sqs.clone())));
        let [queue, dead_letters] = [QUEUE, DEAD_LETTERS].map(|it| self.sqs.queue_url(it));
        let parking = Parking::new(client, queue, dead_letters);
        let service = self.service(FaultPlan::none());
        let consumer = Consumer::new("analytics", DECODER, ReplayPolicy::Refuse, parking, service);
        let before = self.sqs.peek(DEAD_LETTERS).unwrap().len();
        let response = consumer.consume(batch).await;
        (response, self.sqs.peek(DEAD_LETTERS).unwrap().len() - before)
    }

    /// All figures.
    pub(crate) async fn figures(&self) -> Figures {
        let read = |row: Value| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let number = |name: &str| row[name].as_i64().unwrap();
            ((text("day"), text("currency")), (number("orders"), number("amount")))
        };
        self.items(FIGURES).await.into_iter().map(read).collect()
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

impl Stage for World {
    type Process = BoxCloneSyncService<Delivery<Event>, Done, Failure>;

    fn process(&self, plan: &FaultPlan) -> Self::Process {
        Self::Process::new(self.service(plan.clone()))
    }

    async fn handle(process: &Self::Process, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        process.clone().oneshot(delivery.clone()).await
    }
}

fn figures_table() -> Value {
    json!({
        "TableName": FIGURES,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "day", "AttributeType": "S" },
            { "AttributeName": "currency", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "day", "KeyType": "HASH" },
            { "AttributeName": "currency", "KeyType": "RANGE" },
        ],
    })
}

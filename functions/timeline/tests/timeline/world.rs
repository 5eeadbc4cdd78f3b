//! The table of timelines, and the processes of both functions.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use catalogue::Event;
use event_envelope::Delivery;
use http_api::TokenScope;
use local_dynamodb::{Capacity, DynamoDb, FaultPlan};
use runtime::{Clock, Done, Failure};
use serde_json::{Value, json};
use testkit::{
    Harness, Samples, database, deliver,
    http::{Answer, Request},
};
use time::{Duration, OffsetDateTime};
use timeline::{Table, api::TimelineApi, handler::Timeline};

const TABLE: &str = "orderly-order-timeline";
const SAMPLES: Samples = Samples::of("timeline");

#[derive(Debug, Clone)]
pub(crate) struct World {
    database: DynamoDb,
    retention: Option<Duration>,
}

/// The events of the sample `name`, as they lie in its batch.
pub(crate) fn stream(name: &str) -> Vec<Delivery<Event>> {
    let batch: Value = SAMPLES.read(name);
    let records = batch["Records"].as_array().unwrap();
    let bodies = records.iter().map(|record| record["body"].as_str().unwrap());
    bodies.map(|body| catalogue::DECODER.decode(body.as_bytes()).unwrap()).collect()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self { database: database(&[TABLE]).await, retention: None }
    }

    /// One whose items are kept for so long.
    pub(crate) async fn keeping(retention: Duration) -> Self {
        Self { retention: Some(retention), ..Self::new().await }
    }

    /// One process of the consumer.
    pub(crate) fn timeline(&self, plan: FaultPlan) -> Timeline {
        let clock = Clock::fixed(OffsetDateTime::UNIX_EPOCH);
        Timeline::new(self.table(plan), clock, self.retention)
    }

    /// Asks a process that meets `plan`.
    pub(crate) async fn ask_with(
        &self,
        plan: FaultPlan,
        request: ApiGatewayV2httpRequest,
    ) -> Answer {
        let scope = TokenScope::parse("orders:read").unwrap();
        TimelineApi::new(self.table(plan), scope).handle(request).await.into()
    }

    pub(crate) async fn ask(&self, request: &Request) -> Answer {
        self.ask_with(FaultPlan::none(), request.event()).await
    }

    /// All items, in a certain order.
    pub(crate) async fn items(&self) -> Vec<Value> {
        let scanned = self.database.json("Scan", &json!({ "TableName": TABLE })).await.unwrap();
        let mut items = scanned["Items"].as_array().unwrap().clone();
        items.sort_by_key(|item| item["eventId"]["S"].to_string());
        items
    }

    pub(crate) fn capacity(&self) -> Capacity {
        self.database.capacity()
    }

    fn table(&self, plan: FaultPlan) -> Table {
        Table::new(self.database.client_with(plan), TABLE.to_owned())
    }
}

impl Harness for World {
    type Process = Timeline;

    fn process(&self, plan: &FaultPlan) -> Self::Process {
        self.timeline(plan.clone())
    }

    async fn handle(process: &Self::Process, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        deliver(process, delivery).await
    }
}

//! A database with a counter to count effects with, a clock that a test moves, and deliveries.

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use event_envelope::{AggregateId, CorrelationId, Delivery, Draft, Envelope, Version};
use idempotency::{DynamoDbStore, IdempotencyConfig, IdempotencyLayer, Item, ReplayPolicy};
use local_dynamodb::{DynamoDb, FaultPlan, Storage};
use local_template::Table;
use runtime::{Clock, Failure, IdGenerator, Wait};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Where the records lie.
pub(crate) const RECORDS: &str = "records";
/// Where handlers write.
pub(crate) const COUNTERS: &str = "counters";
/// The consumer that most tests are about.
pub(crate) const CONSUMER: &str = "counter";
pub(crate) const LEASE: Duration = Duration::from_secs(30);
pub(crate) const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
/// By how much clocks differ at most.
pub(crate) const SKEW: Duration = Duration::from_secs(2);
/// When a lease has ended on every clock.
pub(crate) const LEASE_OVER: Duration = LEASE.saturating_add(SKEW);
/// One step of the clock.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// The layer under test.
pub(crate) type Guarded = IdempotencyLayer<DynamoDbStore, String>;

/// A database and a time. Clones share both.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) database: DynamoDb,
    millis: Arc<AtomicI64>,
}

fn table(name: &str, ttl_attribute: Option<&str>) -> Table {
    Table {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        arn: format!("arn:aws:dynamodb:us-east-1:000000000000:table/{name}"),
        create_table: json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
        }),
        ttl_attribute: ttl_attribute.map(str::to_owned),
        stream: None,
    }
}

/// Installs a subscriber in this process before the first line is logged. Whether a line is of
/// interest is decided once, when it is first logged; without a subscriber at that moment, a
/// test that begins to at the same time on another thread would miss it.
fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    });
}

impl World {
    pub(crate) async fn new() -> Self {
        listen();
        let database = DynamoDb::open(&Storage::Memory).unwrap();
        for table in [table(RECORDS, Some("expiration")), table(COUNTERS, None)] {
            database.create_table(&table).await.unwrap();
        }
        Self { database, millis: Arc::new(AtomicI64::new(1_767_225_600_000)) }
    }

    pub(crate) fn clock(&self) -> Clock {
        let millis = self.millis.clone();
        Clock::from_fn(move || {
            let nanos = i128::from(millis.load(Ordering::SeqCst)) * 1_000_000;
            OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap()
        })
    }

    pub(crate) fn now_millis(&self) -> i64 {
        self.millis.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.millis.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// The guard of the consumer of these tests, run by a process with faults.
    pub(crate) fn guard(&self, plan: FaultPlan) -> IdempotencyConfig<DynamoDbStore> {
        self.guard_of(CONSUMER, plan)
    }

    pub(crate) fn guard_of(
        &self,
        consumer: &'static str,
        plan: FaultPlan,
    ) -> IdempotencyConfig<DynamoDbStore> {
        let store = DynamoDbStore::new(self.database.client_with(plan), RECORDS);
        IdempotencyConfig::new(store, consumer, ReplayPolicy::Refuse)
            .retention(RETENTION)
            .lease(LEASE)
            .clock_skew(SKEW)
            .with(self.clock(), IdGenerator::random())
    }

    pub(crate) fn transactional(&self, plan: FaultPlan) -> Guarded {
        IdempotencyLayer::transactional(self.guard(plan))
    }

    pub(crate) fn leased(&self, plan: FaultPlan) -> Guarded {
        IdempotencyLayer::leased(self.guard(plan))
    }

    /// The record of `delivery` at the consumer of these tests.
    pub(crate) async fn record(&self, delivery: &Delivery) -> Option<Item> {
        self.item(RECORDS, &record_id(delivery)).await
    }

    pub(crate) async fn item(&self, table: &str, id: &str) -> Option<Item> {
        let get = self.database.client().get_item().table_name(table).key("id", text(id));
        get.send().await.unwrap().item
    }

    /// How often [`count_up`] took effect.
    pub(crate) async fn count(&self, id: &str) -> u32 {
        let item = self.item(COUNTERS, id).await;
        item.map_or(0, |it| it["count"].as_n().unwrap().parse().unwrap())
    }

    /// The events that each write to `table` added, in the order of its stream.
    pub(crate) fn outgoing(&self, table: &str) -> Vec<Vec<Envelope>> {
        let records = self.database.stream_records(table, 0, 1_000).unwrap();
        let published = records.into_iter().map(|record| {
            let image = record.event["dynamodb"]["NewImage"].clone();
            let image: serde_dynamo::Item = serde_json::from_value(image).unwrap();
            let image = image.into_inner();
            let Some(outgoing) = image.get("outgoing") else { return Vec::new() };
            serde_dynamo::from_attribute_value(outgoing.clone()).unwrap()
        });
        published.collect()
    }
}

/// Under which id `delivery` is recorded at the consumer of these tests.
pub(crate) fn record_id(delivery: &Delivery) -> String {
    format!("{CONSUMER}#{}", delivery.envelope.event_id)
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// An event of another service, of which only its place is known.
pub(crate) fn event(sequence_number: u64, data: Value) -> Envelope {
    Draft {
        event_type: "Happened".to_owned(),
        event_version: Version::new(1, 0),
        source: "another".to_owned(),
        timestamp: OffsetDateTime::UNIX_EPOCH,
        aggregate_id: AggregateId::parse("thing-1").unwrap(),
        sequence_number,
        data,
    }
    .root(CorrelationId::of("thing-1"), None)
}

pub(crate) fn delivery_of(envelope: Envelope) -> Delivery {
    Delivery { envelope, event: (), replay: None }
}

pub(crate) fn delivery() -> Delivery {
    delivery_of(event(1, json!({ "amount": 1 })))
}

/// The same event id, with other data.
pub(crate) fn forged() -> Delivery {
    delivery_of(event(1, json!({ "amount": 1_000 })))
}

/// What a handler answers to `cause`.
pub(crate) fn answer(cause: &Envelope, data: Value) -> Envelope {
    let mut draft = cause.draft(data);
    "Counted".clone_into(&mut draft.event_type);
    CONSUMER.clone_into(&mut draft.source);
    draft.caused_by(cause).unwrap()
}

/// Checks that a delivery failed in a way that passes, and returns for how long it asks to wait.
#[track_caller]
pub(crate) fn retried_after<T: std::fmt::Debug>(reply: Result<T, Failure>) -> Option<Duration> {
    match reply {
        Err(Failure::Retry { wait: Wait::AtMost(within), .. }) => Some(within),
        Err(Failure::Retry { .. }) => None,
        other => panic!("expected a retry, got {other:?}"),
    }
}

/// Checks that a delivery failed for good, for a reason that contains `why`.
#[track_caller]
pub(crate) fn assert_permanent<T: std::fmt::Debug>(reply: Result<T, Failure>, why: &str) {
    match reply {
        Err(failure @ Failure::Permanent { .. }) => {
            let published = failure.to_string();
            assert!(published.contains(why), "{published}");
        }
        other => panic!("expected a permanent failure, got {other:?}"),
    }
}

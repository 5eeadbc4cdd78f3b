//! A database, a clock that a test moves, and events of others.

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use event_envelope::{AggregateId, CorrelationId, Draft, Envelope, Version, unpack};
use idempotency::Item;
use local_dynamodb::{DynamoDb, Storage};
use local_template::Table;
use runtime::{Clock, Failure, Wait};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Where machines are stored.
pub(crate) const MACHINES: &str = "machines";
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// One step of the clock.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// A database and a time. Clones share both.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) database: DynamoDb,
    millis: Arc<AtomicI64>,
}

fn table(name: &str) -> Table {
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
        ttl_attribute: None,
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
        database.create_table(&table(MACHINES)).await.unwrap();
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

    pub(crate) async fn item(&self, id: &str) -> Option<Item> {
        let get = self.database.client().get_item().table_name(MACHINES).key("id", text(id));
        get.send().await.unwrap().item
    }

    /// What each write published, in the order of the table's stream.
    pub(crate) fn outgoing(&self) -> Vec<Vec<Envelope>> {
        let records = self.database.stream_records(MACHINES, 0, 1_000).unwrap();
        let published = records.into_iter().map(|record| {
            let image = record.event["dynamodb"]["NewImage"].clone();
            let image: serde_dynamo::Item = serde_json::from_value(image).unwrap();
            let image = image.into_inner();
            if let Some(outgoing) = image.get("outgoing") {
                return serde_dynamo::from_attribute_value(outgoing.clone()).unwrap();
            }
            let Some(added) = image.get("outboxAdded") else { return Vec::new() };
            let added: usize = serde_dynamo::from_attribute_value(added.clone()).unwrap();
            let serde_dynamo::AttributeValue::B(packed) = &image["outbox"] else {
                panic!("{:?} is not packed", image["outbox"]);
            };
            let mut events = unpack(packed).unwrap();
            events.split_off(events.len() - added)
        });
        published.collect()
    }
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
            let reason = failure.to_string();
            assert!(reason.contains(why), "{reason}");
        }
        other => panic!("expected a permanent failure, got {other:?}"),
    }
}

//! A table of streams, and events to put there.

use aws_sdk_dynamodb::types::AttributeValue;
use event_envelope::{AggregateId, CorrelationId, Draft, Envelope, Version};
use event_store::EventStore;
use local_dynamodb::{DynamoDb, FaultPlan, Storage};
use local_template::Table;
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::datetime};

pub(crate) const EVENTS: &str = "events";

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) database: DynamoDb,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = DynamoDb::open(&Storage::Memory).unwrap();
        let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
        let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
        let attributes = ["PK", "SK", "sweepShard", "lookAt"].map(attribute);
        let table = Table {
            logical_id: EVENTS.to_owned(),
            name: EVENTS.to_owned(),
            arn: "arn:aws:dynamodb:us-east-1:000000000000:table/events".to_owned(),
            create_table: json!({
                "TableName": EVENTS,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": attributes,
                "KeySchema": [key("PK", "HASH"), key("SK", "RANGE")],
                "GlobalSecondaryIndexes": [{
                    "IndexName": "due",
                    "KeySchema": [key("sweepShard", "HASH"), key("lookAt", "RANGE")],
                    "Projection": { "ProjectionType": "KEYS_ONLY" },
                }],
            }),
            ttl_attribute: None,
            stream: None,
        };
        database.create_table(&table).await.unwrap();
        Self { database }
    }

    pub(crate) fn store(&self) -> EventStore {
        self.store_with(FaultPlan::none())
    }

    pub(crate) fn store_with(&self, plan: FaultPlan) -> EventStore {
        EventStore::new(self.database.client_with(plan), EVENTS, "THING")
    }

    /// Removes an event from the table, as no caller may.
    pub(crate) async fn remove(&self, aggregate: &AggregateId, sequence: u64) {
        let (pk, sk) = keys(aggregate, sequence);
        let delete = self.database.client().delete_item().table_name(EVENTS);
        delete.key("PK", pk).key("SK", sk).send().await.unwrap();
    }

    /// Overwrites an attribute of an event, as no caller may.
    pub(crate) async fn overwrite(
        &self,
        aggregate: &AggregateId,
        sequence: u64,
        attribute: &str,
        value: AttributeValue,
    ) {
        let (pk, sk) = keys(aggregate, sequence);
        let update = self.database.client().update_item().table_name(EVENTS);
        let update = update.key("PK", pk).key("SK", sk).update_expression("SET #it = :value");
        let update = update.expression_attribute_names("#it", attribute);
        update.expression_attribute_values(":value", value).send().await.unwrap();
    }
}

fn keys(aggregate: &AggregateId, sequence: u64) -> (AttributeValue, AttributeValue) {
    let text = AttributeValue::S;
    (text(format!("THING#{aggregate}")), text(format!("EVENT#{sequence:020}")))
}

pub(crate) const NOW: OffsetDateTime = datetime!(2026-01-01 12:00:00.123456789 UTC);

pub(crate) fn thing() -> AggregateId {
    AggregateId::parse("thing-1").unwrap()
}

pub(crate) fn other_thing() -> AggregateId {
    AggregateId::parse("thing-2").unwrap()
}

pub(crate) fn event_of(aggregate_id: AggregateId, sequence_number: u64, data: Value) -> Envelope {
    Draft {
        event_type: "Happened".to_owned(),
        event_version: Version::new(1, 0),
        source: "things".to_owned(),
        timestamp: NOW,
        aggregate_id,
        sequence_number,
        data,
    }
    .root(CorrelationId::of("test"), None)
}

pub(crate) fn event(sequence: u64, data: Value) -> Envelope {
    event_of(thing(), sequence, data)
}

pub(crate) fn events(sequences: std::ops::RangeInclusive<u64>) -> Vec<Envelope> {
    sequences.map(|sequence| event(sequence, json!({ "number": sequence }))).collect()
}

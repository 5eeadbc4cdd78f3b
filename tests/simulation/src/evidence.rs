//! What is left when nothing moves any more.

use std::collections::{BTreeMap, BTreeSet};

use local_dynamodb::DynamoDb;
use local_ses::SentMail;
use orderly::invariants::plain_item;
use outbox::stored_events;
use provider_stubs::{LedgerEntry, Shipment};
use serde_json::{Value, json};

use crate::{
    description::{STACK, TEMPLATE},
    lambda::Lambda,
    queues::POISON,
    story::{PLENTIFUL, SCARCE, Told},
};

/// The most records of a stream that one read gives.
const RECORDS_MAX: usize = 1_000;

/// The stores, ledgers and queues of a world.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// Whether everything came to an end.
    pub(crate) is_over: bool,
    pub(crate) told: Told,
    /// The events of each order, in their order.
    pub(crate) streams: BTreeMap<String, Vec<Value>>,
    /// Events that were changed or removed after they were stored.
    pub(crate) tampered: Vec<String>,
    /// What is stored to be said: the event, by its id.
    pub(crate) said: BTreeMap<String, Value>,
    /// What the bus took, without repetitions, in the order of arrival: when, and the event.
    pub(crate) published: Vec<(time::OffsetDateTime, Value)>,
    pub(crate) stocked: BTreeMap<&'static str, i64>,
    pub(crate) available: BTreeMap<String, i64>,
    pub(crate) reservations: BTreeMap<String, Value>,
    pub(crate) views: BTreeMap<String, Value>,
    /// How many orders the figures count, and what they came to.
    pub(crate) figures: (i64, i64),
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) shipments: Vec<Shipment>,
    pub(crate) mails: Vec<SentMail>,
    /// How often faults struck each function.
    pub(crate) injected: BTreeMap<String, usize>,
    /// How many messages each queue holds that are not poison.
    pub(crate) depths: BTreeMap<String, usize>,
    pub(crate) worked_on: BTreeSet<String>,
    /// How much poison was thrown in, and how much lies in dead-letter queues.
    pub(crate) poison: (usize, usize),
    pub(crate) dropped: u64,
    /// What functions were refused, for their roles do not allow it.
    pub(crate) refused: Vec<String>,
}

impl Evidence {
    pub(crate) async fn gather(lambda: &Lambda, told: Told, poisoned: usize) -> Self {
        let database = &lambda.services.database;
        let mut evidence = Self {
            told,
            streams: Self::streams_of(database).await,
            stocked: BTreeMap::from([(PLENTIFUL, 1_000), (SCARCE, 1)]),
            reservations: rows(database, "reservations", "orderId").await,
            views: rows(database, "order-views", "orderId").await,
            ledger: lambda.external.payments.ledger(),
            shipments: lambda.external.carrier.shipments(),
            mails: lambda.external.mail.mails(),
            injected: lambda.sim.injected_by_function(),
            dropped: lambda.services.bus.stats().dropped,
            refused: lambda.services.refused.lock().unwrap().iter().cloned().collect(),
            ..Self::default()
        };
        for row in scan(database, "inventory").await {
            let row_id = row["productId"].as_str().unwrap_or_default();
            let product = row_id.split('#').next().unwrap_or_default().to_owned();
            *evidence.available.entry(product).or_default() += row["available"].as_i64().unwrap();
        }
        for row in scan(database, "order-figures").await {
            evidence.figures.0 += row["orders"].as_i64().unwrap();
            evidence.figures.1 += row["amount"].as_i64().unwrap();
        }
        evidence.read_bus(lambda);
        evidence.read_changes(database);
        evidence.count_messages(lambda, poisoned);
        evidence
    }

    /// The events of each order.
    pub(crate) async fn streams_of(database: &DynamoDb) -> BTreeMap<String, Vec<Value>> {
        let mut streams: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut events = scan(database, "order-events").await;
        events.retain(is_event);
        events.sort_by_key(|it| it["SK"].as_str().unwrap_or_default().to_owned());
        for event in events {
            let order = event["PK"].as_str().unwrap_or_default().trim_start_matches("ORDER#");
            streams.entry(order.to_owned()).or_default().push(event);
        }
        streams
    }

    fn read_bus(&mut self, lambda: &Lambda) {
        let mut known = BTreeSet::new();
        for archived in lambda.services.bus.archived() {
            let event = archived.event["detail"].clone();
            if known.insert(event["eventId"].to_string()) {
                self.published.push((archived.at, event));
            }
        }
    }

    /// What was ever stored to be said, and whether what must never change was changed.
    fn read_changes(&mut self, database: &DynamoDb) {
        for table in TEMPLATE.tables.iter().filter(|table| table.stream.is_some()) {
            let (mut position, mut first) = (0, BTreeMap::new());
            loop {
                let records = database.stream_records(&table.name, position, RECORDS_MAX).unwrap();
                let Some(last) = records.last() else { break };
                position = last.sequence;
                for record in &records {
                    self.read_change(&record.event, &mut first);
                }
            }
        }
    }

    fn read_change(&mut self, record: &Value, first: &mut BTreeMap<String, Value>) {
        let item = plain_item(&record["dynamodb"]["NewImage"]);
        let keys = plain_item(&record["dynamodb"]["Keys"]);
        if is_event(&keys) {
            let mut event = item.clone();
            for mark in ["sweepShard", "lookAt"] {
                event.as_object_mut().and_then(|it| it.remove(mark));
            }
            if *first.entry(keys.to_string()).or_insert_with(|| event.clone()) != event {
                self.tampered.push(format!("{} of {keys}", record["eventName"]));
            }
        }
        let image = serde_json::from_value(record["dynamodb"]["NewImage"].clone());
        match stored_events(&image.unwrap_or_default()) {
            Ok(events) => {
                for event in events {
                    let id = event.event_id.to_string();
                    self.said.entry(id).or_insert_with(|| json!(event));
                }
            }
            Err(error) => self.tampered.push(format!("{keys}: {error}")),
        }
    }

    fn count_messages(&mut self, lambda: &Lambda, poisoned: usize) {
        let mut parked = 0;
        for queue in &TEMPLATE.queues {
            let messages = lambda.services.queues.peek(&queue.name).unwrap();
            let poison = messages.iter().filter(|it| it.body == POISON).count();
            self.depths.insert(queue.name.clone(), messages.len() - poison);
            parked += poison;
        }
        self.poison = (poisoned, parked);
    }
}

fn is_event(item: &Value) -> bool {
    item["SK"].as_str().is_some_and(|it| it.starts_with("EVENT#"))
}

async fn rows(database: &DynamoDb, table: &str, key: &str) -> BTreeMap<String, Value> {
    let rows = scan(database, table).await.into_iter();
    rows.map(|row| (row[key].as_str().unwrap_or_default().to_owned(), row)).collect()
}

/// Every item of a table.
async fn scan(database: &DynamoDb, table: &str) -> Vec<Value> {
    let request = json!({ "TableName": format!("{STACK}-{table}"), "ConsistentRead": true });
    let page = database.json("Scan", &request).await.unwrap();
    assert!(page["LastEvaluatedKey"].is_null(), "{table} has grown over one page");
    page["Items"].as_array().into_iter().flatten().map(plain_item).collect()
}

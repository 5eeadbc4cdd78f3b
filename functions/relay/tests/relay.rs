//! From real stream records, over HTTP, to the archive of a real bus.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, sync::Arc};

use aws_clients::{Aws, AwsEnv, Credentials};
use aws_lambda_events::dynamodb::Event;
use catalogue::{CATALOGUE, Money, OrderCreated, SOURCES, source};
use event_envelope::{AggregateId, CorrelationId, Envelope, EventId, FromEnvelope};
use local_core::REGION;
use local_dynamodb::{DynamoDb, Storage};
use local_eventbridge::{
    ArchiveSpec, Attribute, BusSpec, Deliver, Delivery, EventBridge, Options, Topology,
};
use local_sqs::{QueueSpec, Sqs};
use local_template::Table;
use outbox::{DeadLetters, Publisher, Relay, Sources, envelopes_of};
use serde_json::{Value, json};
use testkit::template;
use time::macros::datetime;

const BUS: &str = "orderly";

/// No rule has a target: what arrives is read from the archive.
struct NoTargets;

impl Deliver for NoTargets {
    fn deliver<'a>(&'a self, target_arn: &'a str, _: &'a str) -> Delivery<'a> {
        panic!("{target_arn} is a target of no rule")
    }

    fn dead_letter<'a>(&'a self, queue: &'a str, _: &'a str, _: &'a [Attribute]) -> Delivery<'a> {
        panic!("{queue} is the dead-letter queue of no rule")
    }
}

const DEAD_LETTERS: &str = "orderly-relay-dlq";

/// Which sources may publish from which table, as the template sets it.
fn sources() -> Sources {
    template().function("orderly-relay").unwrap().environment["PUBLISHES"].parse().unwrap()
}

/// A bus and queues on ports of their own, and a relay that is configured as the function's is.
async fn bus() -> (EventBridge, Sqs, Relay) {
    let archive =
        ArchiveSpec { name: "all".into(), bus: BUS.into(), pattern: None, retention_days: 365 };
    let topology = Topology {
        buses: vec![BusSpec { name: BUS.into() }],
        rules: vec![],
        archives: vec![archive],
    };
    let bus = EventBridge::new(topology, Arc::new(NoTargets), Options::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let sqs = Sqs::new(&endpoint);
    sqs.create_queue(QueueSpec::named(DEAD_LETTERS)).unwrap();
    let router = local_core::router(vec![Arc::new(bus.clone()), Arc::new(sqs.clone())]);
    tokio::spawn(async move { axum::serve(listener, router).await });

    let credentials = Credentials::new("local", "local", None, None, "test");
    let env = AwsEnv { endpoint_url: Some(endpoint), ..AwsEnv::new(REGION, credentials) };
    let relay = relay_of(&Aws::new(env).unwrap(), sqs.queue_url(DEAD_LETTERS));
    (bus, sqs, relay)
}

fn relay_of(aws: &Aws, dead_letters: String) -> Relay {
    let publisher = Publisher::new(aws.eventbridge(), BUS);
    Relay::new(publisher, sources(), DeadLetters::new(aws.sqs(), dead_letters))
}

fn archived(bus: &EventBridge) -> Vec<Value> {
    bus.archived().into_iter().map(|it| it.event["detail"].clone()).collect()
}

async fn relay(batch: Value, relay: &Relay) -> Value {
    let payload: Event = serde_json::from_value(batch).unwrap();
    json!(relay.relay(payload).await)
}

fn sample(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/relay").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn the_samples_are_events_of_the_catalogue_and_reach_the_bus() {
    let (bus, _, own) = bus().await;
    for (name, event_type) in [
        ("order-events-insert.json", "OrderCreated"),
        ("idempotency-outgoing.json", "InventoryReserved"),
    ] {
        let batch: Event = serde_json::from_value(sample(name)).unwrap();
        let [event] = envelopes_of(&batch.records[0]).unwrap().try_into().unwrap();
        assert_eq!(event.event_type, event_type);
        assert_eq!(event.event_id, EventId::of_sequence(&event.source, &event.aggregate_id, 1));
        catalogue::Event::from_envelope(&event).unwrap();

        assert_eq!(relay(sample(name), &own).await, json!({ "batchItemFailures": [] }));
        assert_eq!(archived(&bus).pop(), Some(json!(event)));
    }
}

fn created() -> Envelope {
    let order_id = AggregateId::parse("order-123").unwrap();
    let created = OrderCreated {
        order_id: order_id.clone(),
        user_id: AggregateId::parse("user-123").unwrap(),
        items: vec![],
        total: Money::usd(10_997),
        payment_method_id: None,
        delivery_address_id: None,
    };
    catalogue::Event::from(created)
        .draft(order_id, 1, datetime!(2025-11-17 10:30:00.123456 UTC))
        .root(CorrelationId::of("order-123"), None)
}

fn order_events() -> Table {
    let key = |name, kind| json!({ "AttributeName": name, "KeyType": kind });
    let text = |name| json!({ "AttributeName": name, "AttributeType": "S" });
    Table {
        logical_id: "OrderEventsTable".into(),
        name: "orderly-order-events".into(),
        arn: "arn:aws:dynamodb:us-east-1:000000000000:table/orderly-order-events".into(),
        create_table: json!({
            "TableName": "orderly-order-events",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [text("PK"), text("SK")],
            "KeySchema": [key("PK", "HASH"), key("SK", "RANGE")],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
        }),
        ttl_attribute: None,
        stream: None,
    }
}

#[tokio::test]
async fn what_is_stored_is_published_as_it_was_written() {
    let (bus, _, own) = bus().await;
    let database = DynamoDb::open(&Storage::Memory).unwrap();
    database.create_table(&order_events()).await.unwrap();
    let put = |sort_key: &str, mut item: serde_dynamo::Item| {
        let text = |text: &str| serde_dynamo::AttributeValue::S(text.to_owned());
        item.inner_mut().insert("PK".into(), text("ORDER#order-123"));
        item.inner_mut().insert("SK".into(), text(sort_key));
        let request = database.client().put_item().table_name("orderly-order-events");
        request.set_item(Some(item.into())).send()
    };
    let event = created();
    let stored = |event: &Envelope| serde_dynamo::to_item(event).unwrap();
    put("EVENT#00000000000000000001", stored(&event)).await.unwrap();
    put("SNAPSHOT", serde_dynamo::to_item(json!({ "state": {} })).unwrap()).await.unwrap();

    let records = database.stream_records("orderly-order-events", 0, 100).unwrap();
    let batch = json!({ "Records": records.iter().map(|it| &it.event).collect::<Vec<_>>() });
    assert_eq!(relay(batch, &own).await, json!({ "batchItemFailures": [] }));
    assert_eq!(archived(&bus), [json!(event)]);
}

#[tokio::test]
async fn without_a_bus_nothing_is_acknowledged() {
    let credentials = Credentials::new("local", "local", None, None, "test");
    // Bound and not listened on: no server answers there, and no other process gets the port.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let unreachable = Some(format!("http://{}", held.local_addr().unwrap()));
    let env = AwsEnv { endpoint_url: unreachable, ..AwsEnv::new(REGION, credentials) };
    let queue = format!("{}/000000000000/{DEAD_LETTERS}", env.endpoint_url.clone().unwrap());
    let own = relay_of(&Aws::new(env).unwrap(), queue);
    let answer = relay(sample("order-events-insert.json"), &own).await;
    let first = json!([{ "itemIdentifier": "100000000000000000001" }]);
    assert_eq!(answer, json!({ "batchItemFailures": first }));
}

/// Where each service's events stand: the table, and the item's key.
const PLACES: [(&str, &str, &str, &str); 5] = [
    (source::ORDER, "orderly-order-events", "PK", "ORDER#order-123"),
    (source::INVENTORY, "orderly-event-idempotency", "id", "inventory#evt_1"),
    (source::PAYMENT, "orderly-payments", "orderId", "order-123"),
    (source::SHIPPING, "orderly-shipments", "orderId", "order-123"),
    (source::NOTIFICATION, "orderly-notifications", "orderId", "order-123"),
];

/// A batch of one item of `table` that holds `envelope`.
fn batch_of(table: &str, key: (&str, &str), envelope: &Envelope) -> Value {
    let outgoing: serde_dynamo::AttributeValue =
        serde_dynamo::to_attribute_value([envelope]).unwrap();
    let mut record = sample("idempotency-outgoing.json")["Records"][0].take();
    record["eventSourceARN"] = json!(format!(
        "arn:aws:dynamodb:eu-central-1:123456789012:table/{table}/stream/2026-01-01T00:00:00.000"
    ));
    record["dynamodb"]["Keys"] = json!({ key.0: { "S": key.1 } });
    record["dynamodb"]["NewImage"] = json!({ key.0: { "S": key.1 }, "outgoing": outgoing });
    json!({ "Records": [record] })
}

/// Every event of the catalogue, as if it stood in each of the tables.
#[tokio::test]
async fn a_table_speaks_for_its_own_service_and_for_no_other() {
    let (bus, sqs, own) = bus().await;
    let mut dead = 0;
    assert_eq!(PLACES.map(|it| it.0), SOURCES);
    for (of, table, attribute, key) in PLACES {
        for entry in CATALOGUE {
            let before = archived(&bus).len();
            let mut forged = created();
            forged.event_type = entry.event_type.to_owned();
            forged.source = entry.source.to_owned();
            let batch = batch_of(table, (attribute, key), &forged);
            assert_eq!(relay(batch, &own).await, json!({ "batchItemFailures": [] }));
            let is_own = entry.source == of;
            dead += usize::from(!is_own);
            let what = format!("{} from {table}", entry.event_type);
            assert_eq!(archived(&bus).len() - before, usize::from(is_own), "{what}");
            assert_eq!(sqs.depth(DEAD_LETTERS).unwrap().total(), dead, "{what}");
        }
    }
}

/// The other consumers that share a table with inventory publish nothing.
#[tokio::test]
async fn of_the_records_of_consumers_only_those_of_inventory_speak() {
    let (bus, sqs, own) = bus().await;
    let mut event = created();
    event.source = source::INVENTORY.to_owned();
    for key in ["analytics#evt_1", "inventory-api#evt_1", "inventory", "#inventory#"] {
        let batch = batch_of("orderly-event-idempotency", ("id", key), &event);
        assert_eq!(relay(batch, &own).await, json!({ "batchItemFailures": [] }));
    }
    assert!(archived(&bus).is_empty());
    assert_eq!(sqs.depth(DEAD_LETTERS).unwrap().total(), 4);
}

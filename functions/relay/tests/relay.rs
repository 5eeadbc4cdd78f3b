//! From real stream records, over HTTP, to the archive of a real bus.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, sync::Arc};

use aws_clients::{Aws, AwsEnv, Credentials};
use aws_lambda_events::dynamodb::Event;
use event_envelope::{AggregateId, CorrelationId, Envelope, EventId, FromEnvelope};
use events::{Money, OrderCreated};
use lambda_runtime::{Context, LambdaEvent};
use local_dynamodb::{DynamoDb, Storage};
use local_eventbridge::{
    ArchiveSpec, Attribute, BusSpec, Deliver, Delivery, EventBridge, Options, Topology,
};
use local_protocol::REGION;
use local_template::Table;
use outbox::{Publisher, envelopes_of};
use relay::handler::handle;
use serde_json::{Value, json};
use time::macros::datetime;

const BUS: &str = "orderly";

/// No rule leads anywhere: what arrives is looked up in the archive.
struct NoTargets;

impl Deliver for NoTargets {
    fn deliver<'a>(&'a self, target_arn: &'a str, _: &'a str) -> Delivery<'a> {
        panic!("{target_arn} is a target of no rule")
    }

    fn dead_letter<'a>(&'a self, queue: &'a str, _: &'a str, _: &'a [Attribute]) -> Delivery<'a> {
        panic!("{queue} is the dead-letter queue of no rule")
    }
}

/// A bus on a port of its own, and a publisher that is configured as the function's is.
async fn bus() -> (EventBridge, Publisher) {
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
    let router = local_protocol::router(vec![Arc::new(bus.clone())]);
    tokio::spawn(async move { axum::serve(listener, router).await });

    let credentials = Credentials::new("local", "local", None, None, "test");
    let env = AwsEnv { endpoint_url: Some(endpoint), ..AwsEnv::new(REGION, credentials) };
    (bus, Publisher::new(Aws::new(env).unwrap().eventbridge(), BUS))
}

fn archived(bus: &EventBridge) -> Vec<Value> {
    bus.archived().into_iter().map(|it| it.event["detail"].clone()).collect()
}

async fn relay(batch: Value, publisher: &Publisher) -> Value {
    let payload: Event = serde_json::from_value(batch).unwrap();
    json!(handle(LambdaEvent::new(payload, Context::default()), publisher).await.unwrap())
}

fn sample(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/relay").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn the_samples_are_events_of_the_catalogue_and_reach_the_bus() {
    let (bus, publisher) = bus().await;
    for (name, event_type) in [
        ("order-events-insert.json", "OrderCreated"),
        ("idempotency-outgoing.json", "InventoryReserved"),
    ] {
        let batch: Event = serde_json::from_value(sample(name)).unwrap();
        let [event] = envelopes_of(&batch.records[0]).unwrap().try_into().unwrap();
        assert_eq!(event.event_type, event_type);
        assert_eq!(event.event_id, EventId::of_sequence(&event.source, &event.aggregate_id, 1));
        events::Event::from_envelope(&event).unwrap();

        assert_eq!(relay(sample(name), &publisher).await, json!({ "batchItemFailures": [] }));
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
    events::Event::from(created)
        .draft(order_id, 1, datetime!(2025-11-17 10:30:00.123456 UTC))
        .root(CorrelationId::of("order-123"), None)
}

fn order_events() -> Table {
    let key = |name, kind| json!({ "AttributeName": name, "KeyType": kind });
    let text = |name| json!({ "AttributeName": name, "AttributeType": "S" });
    Table {
        logical_id: "OrderEventsTable".into(),
        name: "order-events".into(),
        arn: "arn:aws:dynamodb:us-east-1:000000000000:table/order-events".into(),
        create_table: json!({
            "TableName": "order-events",
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
    let (bus, publisher) = bus().await;
    let database = DynamoDb::open(&Storage::Memory).unwrap();
    database.create_table(&order_events()).await.unwrap();
    let put = |sort_key: &str, mut item: serde_dynamo::Item| {
        let text = |text: &str| serde_dynamo::AttributeValue::S(text.to_owned());
        item.inner_mut().insert("PK".into(), text("ORDER#order-123"));
        item.inner_mut().insert("SK".into(), text(sort_key));
        let request = database.client().put_item().table_name("order-events");
        request.set_item(Some(item.into())).send()
    };
    let event = created();
    let stored = |event: &Envelope| serde_dynamo::to_item(event).unwrap();
    put("EVENT#00000000000000000001", stored(&event)).await.unwrap();
    put("SNAPSHOT", serde_dynamo::to_item(json!({ "state": {} })).unwrap()).await.unwrap();

    let records = database.stream_records("order-events", 0, 100).unwrap();
    let batch = json!({ "Records": records.iter().map(|it| &it.event).collect::<Vec<_>>() });
    assert_eq!(relay(batch, &publisher).await, json!({ "batchItemFailures": [] }));
    assert_eq!(archived(&bus), [json!(event)]);
}

#[tokio::test]
async fn without_a_bus_nothing_is_acknowledged() {
    let credentials = Credentials::new("local", "local", None, None, "test");
    // Bound and not listened on: nobody answers there, and nobody else is handed the port.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = Some(format!("http://{}", held.local_addr().unwrap()));
    let env = AwsEnv { endpoint_url: nobody, ..AwsEnv::new(REGION, credentials) };
    let publisher = Publisher::new(Aws::new(env).unwrap().eventbridge(), BUS);
    let answer = relay(sample("order-events-insert.json"), &publisher).await;
    let first = json!([{ "itemIdentifier": "100000000000000000001" }]);
    assert_eq!(answer, json!({ "batchItemFailures": first }));
}

use std::sync::{Arc, Mutex};

use catalogue::{Event, Money, OrderPaid, PaymentCompleted, PaymentRefunded};
use event_envelope::{AggregateId, CorrelationId};
use local_dynamodb::{DynamoDb, Storage};
use serde_json::json;
use time::macros::datetime;

use super::*;

const PAYMENTS: &str = "orderly-payments";
const ORDERS: &str = "orderly-order-events";
const VIEWS: &str = "orderly-order-views";

/// A relay that notes what it publishes, and fails as it is scripted.
#[derive(Debug, Clone, Default)]
struct Bus {
    published: Arc<Mutex<Vec<Envelope>>>,
    /// From which record on each call fails, in this order; then none does.
    fails: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Relay for Bus {
    async fn publishes(&self) -> Result<String, InvokeError> {
        Ok(json!({ PAYMENTS: ["payment-service"], ORDERS: ["order-service"] }).to_string())
    }

    async fn relay(&self, batch: &Value) -> Result<Value, InvokeError> {
        let next = self.fails.lock().unwrap().pop();
        let fails = match next {
            Some(None) => return Err(InvokeError::Unreadable { what: "JSON" }),
            Some(fails) => fails,
            None => None,
        };
        let event: aws_lambda_events::dynamodb::Event =
            serde_json::from_value(batch.clone()).unwrap();
        let taken = event.records.iter().take(fails.unwrap_or(usize::MAX));
        for record in taken {
            let envelopes = outbox::envelopes_of(record).unwrap();
            assert_ne!(envelopes, []);
            self.published.lock().unwrap().extend(envelopes);
        }
        let failed = fails.and_then(|it| event.records.get(it));
        let failed = failed.map(|it| json!({ "itemIdentifier": it.change.sequence_number }));
        Ok(json!({ "batchItemFailures": failed.into_iter().collect::<Vec<_>>() }))
    }
}

fn order(number: u64) -> AggregateId {
    AggregateId::parse(format!("order-{number}")).unwrap()
}

fn event(event: impl Into<Event>, order: &AggregateId, sequence: u64) -> Envelope {
    let at = datetime!(2026-01-31 12:00 UTC);
    let draft = event.into().draft(order.clone(), sequence, at);
    draft.root(CorrelationId::of(order.as_str()), None)
}

fn paid(number: u64) -> Envelope {
    let order_id = order(number);
    let data = PaymentCompleted { order_id, payment_id: "pi_1".into(), amount: None };
    event(data, &order(number), 1)
}

fn refunded(number: u64) -> Envelope {
    let order_id = order(number);
    let data = PaymentRefunded {
        order_id,
        payment_id: "pi_1".into(),
        refund_id: "re_1".into(),
        amount: Money::usd(1_000),
    };
    event(data, &order(number), 2)
}

async fn database() -> DynamoDb {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let template = crate::shop::load_template(&path).unwrap();
    let database = DynamoDb::open(&Storage::Memory).unwrap();
    for table in &template.tables {
        database.create_table(table).await.unwrap();
    }
    database
}

async fn put(database: &DynamoDb, table: &str, item: Value) {
    let request = json!({ "TableName": table, "Item": item });
    database.json("PutItem", &request).await.unwrap();
}

async fn pay(database: &DynamoDb, number: u64, earlier: &[Envelope], outgoing: &[Envelope]) {
    let list = |events: &[Envelope]| -> serde_dynamo::AttributeValue {
        serde_dynamo::to_attribute_value(events).unwrap()
    };
    let item = json!({
        "orderId": { "S": order(number).as_str() },
        "earlier": list(earlier), "outgoing": list(outgoing),
    });
    put(database, PAYMENTS, item).await;
}

async fn view(database: &DynamoDb, number: u64, section: &str, version: u64) {
    let mut item = json!({ "orderId": { "S": order(number).as_str() } });
    item[section] = json!({ "N": version.to_string() });
    put(database, VIEWS, item).await;
}

fn all() -> Options {
    let window =
        Window { since: datetime!(2026-01-31 0:00 UTC), until: datetime!(2026-02-01 0:00 UTC) };
    Options { window, is_dry: false, rate: None }
}

async fn run(database: &DynamoDb, bus: &Bus, options: Options) -> Report {
    let republisher = Republisher::new(database.client(), VIEWS.into(), bus.clone(), options);
    republisher.run(|_| ()).await.unwrap()
}

#[tokio::test]
async fn what_was_not_published_is_published_and_what_is_proven_is_not() {
    let database = database().await;
    pay(&database, 1, &[], &[paid(1)]).await;
    pay(&database, 2, &[], &[paid(2)]).await;
    view(&database, 2, "paymentVersion", 1).await;
    pay(&database, 3, &[paid(3)], &[refunded(3)]).await;
    view(&database, 3, "paymentVersion", 2).await;
    let bus = Bus::default();
    let report = run(&database, &bus, Options { is_dry: true, ..all() }).await;
    assert!(!report.is_complete() && bus.published.lock().unwrap().is_empty());
    let report = run(&database, &bus, all()).await;
    let expected = Totals {
        stored: 4,
        published: 2,
        missing: 1,
        unprovable: 1,
        republished: 2,
        ..Totals::default()
    };
    assert_eq!(report.tables[PAYMENTS], expected, "{report}");
    assert!(report.is_complete());
    let published: Vec<_> = bus.published.lock().unwrap().drain(..).collect();
    assert!(published.contains(&paid(1)) && published.contains(&paid(3)) && published.len() == 2);
    // The projector has received it in the meantime.
    view(&database, 1, "paymentVersion", 1).await;
    assert_eq!(run(&database, &bus, all()).await.total().missing, 0);
    assert_eq!(*bus.published.lock().unwrap(), [paid(3)], "which cannot be proven either way");
}

#[tokio::test]
async fn the_orders_own_section_proves_nothing() {
    let database = database().await;
    let paid = event(
        OrderPaid { order_id: order(1), payment_id: "pi_1".into(), amount: Money::usd(1_000) },
        &order(1),
        2,
    );
    let value: serde_dynamo::AttributeValue = serde_dynamo::to_attribute_value(&paid).unwrap();
    let mut item = json!(value)["M"].take();
    item["PK"] = json!({ "S": "ORDER#order-1" });
    item["SK"] = json!({ "S": "EVENT#00000000000000000002" });
    put(&database, ORDERS, item).await;
    view(&database, 1, "version", 2).await;
    let bus = Bus::default();
    assert_eq!(run(&database, &bus, all()).await.total().unprovable, 1);
    assert_eq!(*bus.published.lock().unwrap(), [paid]);
    let later = Window { since: datetime!(2026-02-01 0:00 UTC), ..all().window };
    let until = datetime!(2027-01-01 0:00 UTC);
    let later = Options { window: Window { until, ..later }, ..all() };
    assert_eq!(run(&database, &bus, later).await.total(), Totals::default());
}

#[tokio::test(start_paused = true)]
async fn what_the_relay_does_not_take_comes_again_and_is_told_in_the_end() {
    let database = database().await;
    for number in 0..150 {
        pay(&database, number, &[], &[paid(number)]).await;
    }
    // The last one is met first.
    let fails = vec![None, Some(3), Some(40)];
    let bus = Bus { fails: Arc::new(Mutex::new(fails)), ..Bus::default() };
    let report = run(&database, &bus, all()).await;
    assert!(report.is_complete(), "{report}");
    let ids: std::collections::BTreeSet<_> =
        bus.published.lock().unwrap().iter().map(|it| it.event_id.clone()).collect();
    assert_eq!((ids.len(), report.total().republished), (150, 150));

    let deaf = Bus { fails: Arc::new(Mutex::new(vec![None; 50])), ..Bus::default() };
    let report = run(&database, &deaf, all()).await;
    assert!(!report.is_complete());
    assert_eq!(report.total().failed, 150);
    assert!(report.to_string().contains("no JSON"), "{report}");
}

#[tokio::test]
async fn an_item_that_cannot_be_read_holds_up_nothing_and_is_told() {
    let database = database().await;
    pay(&database, 1, &[], &[paid(1)]).await;
    let wrong = json!({ "orderId": { "S": "order-2" }, "outgoing": { "S": "odd" } });
    put(&database, PAYMENTS, wrong).await;
    let report = run(&database, &Bus::default(), all()).await;
    assert!(!report.is_complete() && report.total().republished == 1);
    assert!(report.to_string().contains("order-2"), "{report}");
}

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use catalogue::{CancelReason, Event, LineItem, Money, OrderCancelled, OrderCreated};
use event_envelope::{AggregateId, CorrelationId, Delivery, Envelope};
use event_store::EventStore;
use lambda::EventHandler;
use local_dynamodb::{DynamoDb, Fault, FaultPlan, Storage};
use projection::{
    LivePlacement, Placement, PlacementError, Projection, ProjectionConfig, Rows, Slot,
};
use projector::{handler::Projector, view::OrderViews};
use runtime::Clock;
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::datetime};

use super::*;

const STACK: &str = "orderly";
const EVENTS: &str = "orderly-order-events";
const PAYMENTS: &str = "orderly-payments";
const AT: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

/// A stack's tables, with every process of it knowing of a change at once.
struct World {
    database: DynamoDb,
    projector: Arc<Projector>,
}

fn order(number: u64) -> AggregateId {
    AggregateId::parse(format!("order-{number}")).unwrap()
}

fn event(event: impl Into<Event>, order: &AggregateId, sequence: u64) -> Envelope {
    let draft = event.into().draft(order.clone(), sequence, AT);
    draft.root(CorrelationId::of(order.as_str()), None)
}

fn created(number: u64) -> Envelope {
    let data = OrderCreated {
        order_id: order(number),
        user_id: AggregateId::parse("user-1").unwrap(),
        items: vec![LineItem {
            product_id: AggregateId::parse("prod-1").unwrap(),
            quantity: 1,
            unit_price: Money::usd(1_000),
        }],
        total: Money::usd(1_000),
        payment_method_id: None,
        delivery_address_id: None,
    };
    event(data, &order(number), 1)
}

fn cancelled(number: u64) -> Envelope {
    let data = OrderCancelled { order_id: order(number), reason: CancelReason::CustomerRequest };
    event(data, &order(number), 2)
}

fn refunded(number: u64) -> Envelope {
    let data = catalogue::PaymentRefunded {
        order_id: order(number),
        payment_id: "pi_1".into(),
        refund_id: "re_1".into(),
        amount: Money::usd(1_000),
    };
    event(data, &order(number), 2)
}

impl World {
    async fn new() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        let template = crate::shop::load_template(&path).unwrap();
        let database = DynamoDb::open(&Storage::Memory).unwrap();
        for table in &template.tables {
            database.create_table(table).await.unwrap();
        }
        let client = database.client();
        let config = ProjectionConfig {
            name: OrderViews::NAME.to_owned(),
            tables: Operator::new::<OrderViews>(client.clone(), STACK).tables,
            placements: format!("{STACK}-projections"),
        };
        // Each look at this clock is a minute after the one before: nothing is relied on twice.
        let minutes = AtomicI64::new(0);
        let clock = Clock::from_fn(move || {
            let minute = minutes.fetch_add(1, Ordering::SeqCst);
            AT + time::Duration::minutes(minute)
        });
        let placement = LivePlacement::new(client.clone(), config, clock);
        let orders = EventStore::new(client.clone(), EVENTS, "ORDER");
        let projector = Projector::new(Rows::new(client, OrderViews::KEY), placement, orders);
        Self { database, projector: Arc::new(projector) }
    }

    /// With some orders, which the order service has published and the projector has handled.
    async fn with_orders() -> Self {
        let world = Self::new().await;
        for number in 0..3 {
            world.happen(&created(number)).await;
            world.happen(&cancelled(number)).await;
        }
        world
    }

    fn operator(&self) -> Operator {
        self.operator_with(FaultPlan::none())
    }

    /// An operator whose calls meet `plan`.
    fn operator_with(&self, plan: FaultPlan) -> Operator {
        let operator = Operator::new::<OrderViews>(self.database.client_with(plan), STACK);
        operator.settled_after(Duration::ZERO)
    }

    /// Stores what the order service publishes.
    async fn store(&self, event: &Envelope) {
        let orders = EventStore::new(self.database.client(), EVENTS, "ORDER");
        orders.append(std::slice::from_ref(event)).await.unwrap();
    }

    /// Stores what the payment service publishes of an order.
    async fn pay(&self, event: &Envelope) {
        let outgoing: serde_dynamo::AttributeValue =
            serde_dynamo::to_attribute_value([event]).unwrap();
        let item = json!({ "orderId": { "S": event.aggregate_id }, "outgoing": outgoing });
        let request = json!({ "TableName": PAYMENTS, "Item": item });
        self.database.json("PutItem", &request).await.unwrap();
    }

    /// Has the projector handle an event, as the bus delivers it.
    async fn deliver(&self, envelope: &Envelope) -> runtime::Done {
        self.projector.handle(delivery(envelope)).await.unwrap()
    }

    /// Stored, published and projected.
    async fn happen(&self, event: &Envelope) {
        self.store(event).await;
        self.deliver(event).await;
    }

    async fn rows(&self, table: &str) -> Vec<Value> {
        let request = json!({ "TableName": table, "ConsistentRead": true });
        let answer = self.database.json("Scan", &request).await.unwrap();
        let mut rows = answer["Items"].as_array().unwrap().clone();
        rows.sort_by_key(|row| row["orderId"]["S"].as_str().unwrap().to_owned());
        rows
    }

    async fn lose_row(&self, number: u64) {
        let key = json!({ "orderId": { "S": order(number) } });
        let request = json!({ "TableName": "orderly-order-views", "Key": key });
        self.database.json("DeleteItem", &request).await.unwrap();
    }
}

fn delivery(envelope: &Envelope) -> Delivery<Event> {
    let bytes = serde_json::to_vec(&json!({
        "version": "0", "id": "1", "source": envelope.source,
        "detail-type": envelope.event_type, "time": "2026-01-31T12:00:00Z", "resources": [],
        "account": "000000000000", "region": "us-east-1",
        "detail": envelope,
    }))
    .unwrap();
    catalogue::LIVE.decode(&bytes).unwrap()
}

fn options() -> Options {
    let sources = vec![EVENTS.to_owned(), PAYMENTS.to_owned()];
    Options { sources, segments: 2, rate: None, is_dry: false }
}

const A: &str = "orderly-order-views";
const B: &str = "orderly-order-views-b";

#[tokio::test]
async fn a_row_that_was_lost_is_built_and_read_after_the_switch() {
    let world = World::new().await;
    for number in 0..30 {
        world.happen(&created(number)).await;
    }
    world.happen(&cancelled(3)).await;
    world.pay(&refunded(3)).await;
    world.deliver(&refunded(3)).await;
    let before = world.rows(A).await;
    world.lose_row(3).await;
    let operator = world.operator();
    let done = operator.rebuild(&options(), |_| ()).await.unwrap();
    assert_eq!((done.events, done.written, done.problem_count), (32, 31, 0));
    assert_eq!(world.rows(B).await, before, "the row is as it was before it was lost");

    let refused = operator.switch(false).await.unwrap_err();
    let ProjectionError::Differences(parity) = refused else { panic!("{refused}") };
    assert_eq!((parity.equal, parity.missing, parity.additional), (29, 0, 1));
    assert_eq!(parity.differences.len(), 1);
    let switched = operator.switch(true).await.unwrap();
    assert_eq!((switched.reads, switched.building()), (Slot::B, Some(Slot::A)));

    assert_eq!(operator.drop_other(|_| ()).await.unwrap(), 29);
    assert_eq!(world.rows(A).await, Vec::<Value>::new());
    world.happen(&created(40)).await;
    assert_eq!((world.rows(A).await.len(), world.rows(B).await.len()), (0, 31));
}

#[tokio::test]
async fn live_events_move_both_tables_at_once_and_each_counts_once() {
    let world = World::new().await;
    world.happen(&created(1)).await;
    world.happen(&created(2)).await;
    let operator = world.operator();
    operator.rebuild(&options(), |_| ()).await.unwrap();
    world.happen(&cancelled(1)).await;
    world.happen(&created(3)).await;
    assert_eq!(world.rows(A).await, world.rows(B).await);
    assert_eq!(world.deliver(&cancelled(1)).await, runtime::Done::Duplicate);
    let parity = operator.compare(|_| ()).await.unwrap();
    assert_eq!((parity.equal, parity.is_equal()), (3, true));
    operator.switch(false).await.unwrap();
    world.happen(&cancelled(2)).await;
    let back = operator.switch(false).await.unwrap();
    assert_eq!(back.reads, Slot::A, "it can be switched back");
}

#[tokio::test]
async fn an_event_of_an_order_that_is_not_built_yet_brings_its_row_with_it() {
    let world = World::new().await;
    world.happen(&created(1)).await;
    // The rebuild has begun, and has read nothing.
    let placement = Placement::FIRST.begin(OrderViews::VERSION).unwrap();
    world.operator().store(placement).await.unwrap();
    world.happen(&cancelled(1)).await;
    assert_eq!(world.rows(A).await, world.rows(B).await);
}

#[tokio::test]
async fn a_rebuild_that_dies_at_any_call_goes_on_where_it_was() {
    let plan = FaultPlan::none();
    let world = World::with_orders().await;
    world.operator_with(plan.clone()).rebuild(&options(), |_| ()).await.unwrap();
    let expected = world.rows(B).await;
    assert!(plan.calls() > 12, "only {} calls", plan.calls());
    for fault in Fault::ALL {
        for call in 0..plan.calls() {
            let world = World::with_orders().await;
            let faulty = world.operator_with(FaultPlan::at(call, fault));
            let died = faulty.rebuild(&options(), |_| ()).await;
            let again = world.operator().rebuild(&options(), |_| ()).await;
            // Of the last call the answer was lost, or there was nothing more to do.
            let is_built = matches!(
                again,
                Err(ProjectionError::Placement(PlacementError::Occupied(OrderViews::VERSION)))
            );
            assert!(again.is_ok() || is_built, "{fault:?} at {call}: {died:?}, {again:?}");
            assert!(world.operator().status().await.unwrap().rebuild.unwrap().is_complete());
            assert_eq!(world.rows(B).await, expected, "{fault:?} at {call}");
        }
    }
}

#[tokio::test]
async fn a_dry_run_counts_and_writes_nothing() {
    let world = World::new().await;
    world.happen(&created(1)).await;
    let operator = world.operator();
    let dry = Options { is_dry: true, ..options() };
    let done = operator.rebuild(&dry, |_| ()).await.unwrap();
    assert_eq!((done.events, done.written), (1, 1));
    assert_eq!(operator.status().await.unwrap().placement, Placement::FIRST);
    assert_eq!(world.rows(B).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_not_built_is_neither_compared_nor_switched_to() {
    let operator = World::new().await.operator();
    for refused in
        [operator.compare(|_| ()).await.map(|_| ()), operator.switch(true).await.map(|_| ())]
    {
        let vacant = ProjectionError::Placement(PlacementError::Vacant);
        assert_eq!(refused.unwrap_err().to_string(), vacant.to_string());
    }
}

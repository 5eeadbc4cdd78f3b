//! The tables of the order service with the sample products in them.

use lambda::TaskHandler;
use order::handler::Orders;
use std::sync::{
    Arc, Barrier,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use catalogue::{DECODER, Event, LineItem, Money, OrderCreated};
use event_envelope::{AggregateId, Delivery, Envelope, instant};
use event_store::EventStore;
use http_api::TokenScope;
use lambda::TaskError;
use local_dynamodb::{DynamoDb, FaultPlan};
use order::{
    api::OrderApi,
    deadlines::{Deadlines, deadline},
    limit::{Limits, OrderLimit},
    lookup::Lookup,
    sweeper::{Sweeper, Swept},
};
use projection::LivePlacement;
use runtime::{Clock, Done, Failure};
use serde_json::{Value, json};
use testkit::http::{Answer, Request};
use testkit::{VIEW_TABLES, database, deliver, order_views};
use time::{OffsetDateTime, macros::datetime};

use crate::{
    deliveries::{TOTAL, delivery},
    request::{USER, books_order, order_id, place},
};

const EVENTS: &str = "orderly-order-events";
const PRODUCTS: &str = "orderly-products";
const ADDRESSES: &str = "orderly-delivery-addresses";
const VIEWS: &str = "orderly-order-views";
pub(crate) const NOW: OffsetDateTime = datetime!(2025-11-17 10:30 UTC);
pub(crate) const DEADLINES: Deadlines = Deadlines { pay_within: 900, ship_within: 86_400 };

/// A database, and the processes that work on it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    database: DynamoDb,
}

pub(crate) fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = database(&[&[EVENTS, PRODUCTS, ADDRESSES][..], &VIEW_TABLES].concat()).await;
        let world = Self { database };
        world.offer("prod-001", Money::usd(2999)).await;
        world.offer("prod-002", Money::usd(4999)).await;
        world.offer("prod-003", Money::usd(12_500)).await;
        for address in ["addr_1", "addr_undeliverable"] {
            world.move_in(USER, address).await;
        }
        world
    }

    /// Puts a product into the catalogue, or changes its price.
    pub(crate) async fn offer(&self, product: &str, price: Money) {
        let amount = json!({ "N": price.amount.to_string() });
        let item = json!({
            "productId": { "S": product },
            "name": { "S": format!("Product {product}") },
            "price": { "M": { "amount": amount, "currency": { "S": price.currency } } },
        });
        let request = json!({ "TableName": PRODUCTS, "Item": item });
        self.database.json("PutItem", &request).await.unwrap();
    }

    /// Notes an address in a customer's address book.
    pub(crate) async fn move_in(&self, user: &str, address: &str) {
        let item = json!({ "userId": { "S": user }, "addressId": { "S": address } });
        let request = json!({ "TableName": ADDRESSES, "Item": item });
        self.database.json("PutItem", &request).await.unwrap();
    }

    pub(crate) fn store(&self, plan: FaultPlan) -> EventStore {
        EventStore::new(self.database.client_with(plan), EVENTS, "ORDER")
    }

    pub(crate) fn api(&self, plan: FaultPlan, clock: Clock) -> OrderApi {
        self.api_of(plan, clock, TokenScope::parse("orders:write").unwrap())
    }

    /// An API whose issuer names the scope so.
    pub(crate) fn api_of(&self, plan: FaultPlan, clock: Clock, scope: TokenScope) -> OrderApi {
        let client = self.database.client_with(plan.clone());
        let lookup = Lookup::new(client, PRODUCTS.to_owned(), ADDRESSES.to_owned());
        OrderApi::new(self.store(plan), lookup, DEADLINES.pay_within, scope, clock)
    }

    /// An API that holds customers to `limits`, and meets `plan` when it reads what they placed.
    pub(crate) fn limited(&self, plan: FaultPlan, clock: Clock, limits: Limits) -> OrderApi {
        let client = self.database.client_with(plan);
        let views = LivePlacement::new(client.clone(), order_views(), clock.clone());
        let limit = OrderLimit::new(client, views, limits);
        self.api(FaultPlan::none(), clock).limited(limit)
    }

    /// Writes what the projector makes of an order that `user` placed at this time.
    pub(crate) async fn project(&self, order: &str, user: &str, status: &str, at: OffsetDateTime) {
        let at = instant(at);
        let item = json!({
            "orderId": { "S": order },
            "userId": { "S": user },
            "status": { "S": status },
            "createdAt": { "S": at },
            "placedAt": { "S": format!("{at}#{order}") },
        });
        let request = json!({ "TableName": VIEWS, "Item": item });
        self.database.json("PutItem", &request).await.unwrap();
    }

    /// Makes something of the row of an order that no projector writes.
    pub(crate) async fn spoil(&self, order: &str) {
        let request = json!({
            "TableName": VIEWS,
            "Key": { "orderId": { "S": order } },
            "UpdateExpression": "SET createdAt = :nonsense",
            "ExpressionAttributeValues": { ":nonsense": { "N": "1" } },
        });
        self.database.json("UpdateItem", &request).await.unwrap();
    }

    /// Asks a process that meets `plan`.
    pub(crate) async fn ask_with(&self, plan: FaultPlan, request: &Request) -> Answer {
        self.api(plan, Clock::fixed(NOW)).handle(request.event()).await.into()
    }

    pub(crate) async fn ask(&self, request: &Request) -> Answer {
        self.ask_with(FaultPlan::none(), request).await
    }

    /// Places the sample order under `key`, and gives its id.
    pub(crate) async fn placed(&self, key: &str) -> AggregateId {
        id(&order_id(&self.ask(&place(&books_order()).header("idempotency-key", key)).await))
    }

    /// Creates the sample order with this id, which no key leads to.
    pub(crate) async fn create(&self, order: &AggregateId) {
        let item = |product: &str, quantity, cents| LineItem {
            product_id: id(product),
            quantity,
            unit_price: Money::usd(cents),
        };
        let created = OrderCreated {
            order_id: order.clone(),
            user_id: id(USER),
            items: vec![item("prod-001", 2, 2999), item("prod-002", 1, 4999)],
            total: TOTAL,
            payment_method_id: None,
            delivery_address_id: None,
        };
        let created = delivery(order, 1, created).envelope;
        let due_at = deadline(NOW, DEADLINES.pay_within);
        self.store(FaultPlan::none()).append_due(&[created], due_at).await.unwrap();
    }

    /// A process of the sweeper that meets `plan`.
    pub(crate) fn sweeper(&self, plan: FaultPlan, clock: Clock) -> Sweeper {
        Sweeper::new(self.store(plan), DEADLINES, clock)
    }

    /// Sweeps when so many seconds have passed.
    pub(crate) async fn sweep_after(&self, seconds: u64) -> Swept {
        let clock = Clock::fixed(deadline(NOW, seconds));
        self.sweeper(FaultPlan::none(), clock).sweep().await
    }

    /// When an order is to be checked.
    pub(crate) async fn due_at(&self, order: &AggregateId) -> Option<String> {
        let request = json!({ "TableName": EVENTS, "Key": first_key(order) });
        let got = self.database.json("GetItem", &request).await.unwrap();
        let [shard, due_at] = ["sweepShard", "lookAt"].map(|it| got["Item"][it]["S"].as_str());
        assert_eq!(shard.is_some(), due_at.is_some(), "half an entry");
        due_at.map(str::to_owned)
    }

    /// Changes the first event of an order, as no process may.
    pub(crate) async fn change(&self, order: &AggregateId, change: &str, values: Value) {
        let request = json!({
            "TableName": EVENTS,
            "Key": first_key(order),
            "UpdateExpression": change,
            "ExpressionAttributeValues": values,
        });
        self.database.json("UpdateItem", &request).await.unwrap();
    }

    /// Puts an item that is no event of an order among the entries.
    pub(crate) async fn mark_nothing(&self) {
        let item = json!({
            "PK": { "S": "ORDER#no/order" },
            "SK": { "S": "EVENT#1" },
            "sweepShard": { "S": "ORDER#0" },
            "lookAt": { "S": "0" },
        });
        let request = json!({ "TableName": EVENTS, "Item": item });
        self.database.json("PutItem", &request).await.unwrap();
    }

    /// Invokes a process that meets `plan` as a workflow does: what the workflow receives.
    pub(crate) async fn invoke_with(
        &self,
        plan: FaultPlan,
        payload: Value,
    ) -> Result<Value, TaskError> {
        let orders = Orders::new(self.store(plan), Clock::fixed(NOW));
        let consume = async |_| panic!("a task is no batch");
        let work = async |task| orders.handle_task(task).await;
        let invocation = serde_json::from_value(payload).unwrap();
        let answer = lambda::answer(invocation, &DECODER, consume, work).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    /// Delivers to a process that meets `plan`.
    pub(crate) async fn deliver_with(
        &self,
        plan: FaultPlan,
        delivery: &Delivery<Event>,
    ) -> Result<Done, Failure> {
        deliver(&Orders::new(self.store(plan), Clock::fixed(NOW)), delivery).await
    }

    pub(crate) async fn deliver(&self, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        self.deliver_with(FaultPlan::none(), delivery).await
    }

    /// The events of an order.
    pub(crate) async fn stream(&self, order: &AggregateId) -> Vec<Envelope> {
        // Loading checks that the stream has no gap.
        self.store(FaultPlan::none()).load(order, 0).await.unwrap()
    }

    /// What the events of an order are called, those of a cancellation with their reason.
    pub(crate) async fn history(&self, order: &AggregateId) -> Vec<String> {
        let name = |event: &Envelope| match event.data["reason"].as_str() {
            Some(reason) => format!("{}({reason})", event.event_type),
            None => event.event_type.clone(),
        };
        self.stream(order).await.iter().map(name).collect()
    }

    /// How many events there are of all orders.
    pub(crate) async fn events(&self) -> u64 {
        let request = json!({ "TableName": EVENTS, "Select": "COUNT" });
        self.database.json("Scan", &request).await.unwrap()["Count"].as_u64().unwrap()
    }
}

/// The key of an order's first event.
fn first_key(order: &AggregateId) -> Value {
    json!({ "PK": { "S": format!("ORDER#{order}") }, "SK": { "S": format!("EVENT#{:020}", 1) } })
}

/// A clock on which others act: when it is asked the `turn`-th time, counted from 0, `act` is done
/// before it returns `at`.
pub(crate) fn meanwhile<F>(
    turn: usize,
    at: OffsetDateTime,
    act: impl Fn() -> F + Send + Sync + 'static,
) -> Clock
where
    F: Future<Output = ()> + Send + 'static,
{
    let asked = AtomicUsize::new(0);
    Clock::from_fn(move || {
        if asked.fetch_add(1, Ordering::SeqCst) == turn {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let act = act();
            std::thread::spawn(move || runtime.unwrap().block_on(act)).join().unwrap();
        }
        at
    })
}

/// A clock for each of two, who first meet where they read it: after they have decided, and
/// before they write.
pub(crate) fn meeting_clocks() -> [Clock; 2] {
    let barrier = Arc::new(Barrier::new(2));
    [0, 1].map(|index| {
        let barrier = Arc::clone(&barrier);
        let met = AtomicBool::new(false);
        Clock::from_fn(move || {
            if !met.swap(true, Ordering::SeqCst) {
                barrier.wait();
            }
            NOW + time::Duration::milliseconds(index)
        })
    })
}

/// Runs two at once, each on a thread of its own, which it may block.
pub(crate) async fn at_once<A, B>(
    one: impl Future<Output = A> + Send + 'static,
    other: impl Future<Output = B> + Send + 'static,
) -> (A, B)
where
    A: Send + 'static,
    B: Send + 'static,
{
    let runtime = tokio::runtime::Handle::current();
    let here = runtime.clone();
    let one = tokio::task::spawn_blocking(move || runtime.block_on(one));
    let other = tokio::task::spawn_blocking(move || here.block_on(other));
    (one.await.unwrap(), other.await.unwrap())
}

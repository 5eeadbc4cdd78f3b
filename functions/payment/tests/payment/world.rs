//! One order, the table of payments, and a provider whose ledger tells what really happened.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::Router;
use catalogue::{
    CancelReason, DECODER, Event, InventoryReserved, Money, OrderCancelled, OrderCreated,
    OrderResumed, ShippingFailed,
};
use event_envelope::{AggregateId, CorrelationId, Delivery, Envelope};
use http_client::{ApiKey, HttpClient, parse_url};
use lambda::{Invocation, Task, TaskError};
use local_dynamodb::{DynamoDb, FaultPlan, StreamRecord};
use payment::{
    customers::Customers,
    gateway::{PaymentGateway, Stripe},
    handler::{Handler, LEASE, runner_config},
    tasks::Command,
};
use provider_stubs::{EntryKind, Payments};
use runtime::{Clock, Done, Failure, IdGenerator};
use serde_json::{Value, json};
use state_machine::Runner;
use testkit::{Harness, database};
use time::OffsetDateTime;
use tokio::{net::TcpListener, time::sleep};

const TABLE: &str = "orderly-payments";
const CUSTOMERS: &str = "orderly-payment-customers";
/// The call to the database that writes down what came of a new customer's charge: after the look
/// at the row, the lease, the look for the customer and what the provider calls it.
pub(crate) const WRITTEN_DOWN: usize = 4;

pub(crate) struct World {
    pub(crate) provider: Payments,
    database: DynamoDb,
    port: HttpClient,
    seconds: Arc<AtomicI64>,
}

pub(crate) fn order() -> AggregateId {
    AggregateId::parse("order-123").unwrap()
}

fn delivery(event: impl Into<Event>, sequence: u64) -> Delivery<Event> {
    let event = event.into();
    let draft = event.draft(order(), sequence, OffsetDateTime::UNIX_EPOCH);
    Delivery { envelope: draft.root(CorrelationId::of("order-123"), None), event, replay: None }
}

pub(crate) fn created_with(payment_method: &str) -> Delivery<Event> {
    created_by(Some(payment_method))
}

/// An order that is paid for with this, or with whatever the customer has.
pub(crate) fn created_by(payment_method: Option<&str>) -> Delivery<Event> {
    let created = OrderCreated {
        order_id: order(),
        user_id: AggregateId::parse("user-456").unwrap(),
        items: Vec::new(),
        total: Money::usd(10_997),
        payment_method_id: payment_method.map(str::to_owned),
        delivery_address_id: None,
    };
    delivery(created, 1)
}

/// An order of so much, whatever its currency.
pub(crate) fn created_for(total: Money) -> Delivery<Event> {
    let Event::OrderCreated(created) = created().event else { panic!("another event") };
    delivery(OrderCreated { total, ..created }, 1)
}

pub(crate) fn created() -> Delivery<Event> {
    created_by(Some("pm_card_visa"))
}

pub(crate) fn reserved() -> Delivery<Event> {
    delivery(InventoryReserved { order_id: order(), items: Vec::new() }, 1)
}

pub(crate) fn cancelled() -> Delivery<Event> {
    delivery(OrderCancelled { order_id: order(), reason: CancelReason::CustomerRequest }, 2)
}

pub(crate) fn resumed() -> Delivery<Event> {
    resumed_at(3)
}

/// An operator's word at `sequence` in the order's history.
pub(crate) fn resumed_at(sequence: u64) -> Delivery<Event> {
    delivery(OrderResumed { order_id: order() }, sequence)
}

/// The task `name` of the workflow of the order that was created so.
pub(crate) fn task(name: &str, created: &Delivery<Event>) -> Result<Task<Command, Event>, Failure> {
    let fields = json!({ "task": name, "event": created.envelope });
    Task::read(fields.as_object().unwrap().clone(), &DECODER)
}

pub(crate) fn shipping_failed() -> Delivery<Event> {
    let (code, reason) = ("address_undeliverable".into(), "nobody there".into());
    delivery(ShippingFailed { order_id: order(), code, reason }, 1)
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = database(&[TABLE, CUSTOMERS]).await;
        let seconds = Arc::new(AtomicI64::new(1_767_225_600));
        let provider = Payments::new(Arc::new(tell(&seconds)), time::Duration::hours(24));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = parse_url(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let router = provider.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let port = HttpClient::new(url, ApiKey::parse("sk_test_1").unwrap()).unwrap();
        Self { provider, database, port, seconds }
    }

    /// The same world for a client that waits for an answer no longer than `patience`.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { port: self.port.with_timeout(patience), ..self }
    }

    /// The same world with another key for the provider.
    pub(crate) fn with_key(self, key: &str) -> Self {
        let url = self.port.base().clone();
        Self { port: HttpClient::new(url, ApiKey::parse(key).unwrap()).unwrap(), ..self }
    }

    /// The same world with a provider in front of which somebody else answers.
    pub(crate) async fn at(self, router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = parse_url(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port: HttpClient::new(url, ApiKey::parse("sk_test_1").unwrap()).unwrap(), ..self }
    }

    /// Everything that is kept or published, as one text.
    pub(crate) async fn everything(&self) -> String {
        let rows = self.database.json("Scan", &json!({ "TableName": TABLE })).await.unwrap();
        format!("{rows} {:?}", self.outgoing())
    }

    pub(crate) fn gateway(&self) -> Stripe {
        Stripe::new(self.port.clone())
    }

    pub(crate) fn handler(&self, plan: FaultPlan) -> Handler<Stripe> {
        self.handler_of(self.gateway(), plan)
    }

    pub(crate) fn handler_of<G: PaymentGateway>(&self, gateway: G, plan: FaultPlan) -> Handler<G> {
        let client = self.database.client_with(plan);
        let clock = Clock::from_fn(tell(&self.seconds));
        let customers = Customers::new(client.clone(), CUSTOMERS.to_owned());
        let runner =
            Runner::new(client, runner_config(TABLE.to_owned()), clock, IdGenerator::random());
        Handler::new(runner, gateway, customers)
    }

    /// Where payments are kept, by a process whose calls meet `plan`.
    pub(crate) fn runner(&self, plan: FaultPlan) -> Runner {
        let (client, clock) = (self.database.client_with(plan), self.clock());
        Runner::new(client, runner_config(TABLE.to_owned()), clock, IdGenerator::random())
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock::from_fn(tell(&self.seconds))
    }

    /// Makes it so many seconds past the epoch.
    pub(crate) fn set(&self, seconds: i64) {
        self.seconds.store(seconds, Ordering::SeqCst);
    }

    /// Has a new process do the task `name`, and gives its answer as the workflow sees it.
    pub(crate) async fn ask(&self, name: &str) -> Result<Value, Failure> {
        let handler = self.handler(FaultPlan::none());
        let answer = handler.work(task(name, &created())?).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    /// Invokes the function with a task, as a workflow does.
    pub(crate) async fn invoke(&self, payload: Invocation) -> Result<Value, TaskError> {
        let handler = self.handler(FaultPlan::none());
        let consume = async |_| panic!("a batch");
        let work = async |task| handler.work(task).await;
        let answer = lambda::answer(payload, &DECODER, consume, work).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    /// What the row says of the payment, in DynamoDB's JSON.
    pub(crate) async fn state(&self) -> Value {
        let key = json!({ "orderId": { "S": "order-123" } });
        let got = self.database.json("GetItem", &json!({ "TableName": TABLE, "Key": key })).await;
        got.unwrap()["Item"]["state"]["M"].take()
    }

    pub(crate) async fn status(&self) -> String {
        let state = self.state().await;
        state["progress"]["M"]["status"]["S"].as_str().unwrap_or("none").to_owned()
    }

    /// The types of the events that the stream hands to the relay.
    pub(crate) fn events(&self) -> Vec<String> {
        self.outgoing().into_iter().map(|event| event.event_type).collect()
    }

    /// At which step a person had to look, after how many attempts, and why.
    pub(crate) fn reviews(&self) -> Vec<(String, String, String)> {
        let said = self.outgoing().into_iter();
        let reviews = said.filter(|it| it.event_type == "PaymentNeedsReview").map(|it| {
            let text = |name: &str| it.data[name].as_str().unwrap().to_owned();
            (text("step"), it.data["attempts"].to_string(), text("reason"))
        });
        reviews.collect()
    }

    /// The events that the stream hands to the relay.
    fn outgoing(&self) -> Vec<Envelope> {
        let mut records = Vec::new();
        loop {
            let after = records.last().map_or(0, |record: &StreamRecord| record.sequence);
            let page = self.database.stream_records(TABLE, after, 1000).unwrap();
            if page.is_empty() {
                break;
            }
            records.extend(page);
        }
        let images = records.iter().map(|record| &record.event["dynamodb"]["NewImage"]);
        images.flat_map(testkit::events_added).collect()
    }

    /// What somebody does by hand at the provider: `POST` a form to `path`. Gives the object's id.
    pub(crate) async fn by_hand(&self, path: &[&str], form: &[(&str, &str)]) -> String {
        let object = self.try_by_hand(path, form).await;
        object["id"].as_str().unwrap_or_else(|| panic!("{object}")).to_owned()
    }

    /// As [`Self::by_hand`], and gives whatever is answered.
    pub(crate) async fn try_by_hand(&self, path: &[&str], form: &[(&str, &str)]) -> Value {
        let key = format!("by-hand-{form:?}").replace(' ', "");
        self.port.send(self.port.post(path, &key).form(form)).await.unwrap().json().unwrap()
    }

    /// The attempts at the order's payment, as the provider's search finds them.
    pub(crate) async fn search(&self) -> Value {
        let query = [("query", "metadata['order_id']:'order-123'")];
        let request = self.port.get(&["v1", "payment_intents", "search"], &query);
        self.port.send(request).await.unwrap().json().unwrap()
    }

    /// The customer's id at the provider, if the table of customers has it.
    pub(crate) async fn customer(&self) -> Option<String> {
        let key = json!({ "userId": { "S": "user-456" } });
        let request = json!({ "TableName": CUSTOMERS, "Key": key });
        let got = self.database.json("GetItem", &request).await.unwrap();
        got["Item"]["providerCustomerId"]["S"].as_str().map(str::to_owned)
    }

    /// What somebody imports into the table of customers.
    pub(crate) async fn import(&self, provider_id: &str) {
        let item =
            json!({ "userId": { "S": "user-456" }, "providerCustomerId": { "S": provider_id } });
        let request = json!({ "TableName": CUSTOMERS, "Item": item });
        self.database.json("PutItem", &request).await.unwrap();
    }

    /// The payment, by the provider's id.
    pub(crate) fn payment_id(&self) -> String {
        self.provider.ledger()[0].payment_intent.clone()
    }

    pub(crate) fn captured(&self) -> Vec<u64> {
        self.moved(EntryKind::Capture)
    }

    pub(crate) fn refunded(&self) -> Vec<u64> {
        self.moved(EntryKind::Refund)
    }

    fn moved(&self, kind: EntryKind) -> Vec<u64> {
        let ledger = self.provider.ledger();
        ledger.into_iter().filter(|it| it.kind == kind).map(|it| it.amount).collect()
    }
}

impl Harness for World {
    type Process = Handler<Stripe>;

    fn process(&self, plan: &FaultPlan) -> Self::Process {
        self.handler(plan.clone())
    }

    async fn handle(process: &Self::Process, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        process.handle(delivery).await
    }

    fn pass(&self, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap();
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Lets all leases end, and requests that were given up arrive.
    async fn recover(&self) {
        self.pass(LEASE + Duration::from_secs(1));
        sleep(Duration::from_millis(20)).await;
    }
}

fn tell(seconds: &Arc<AtomicI64>) -> impl Fn() -> OffsetDateTime + Send + Sync + use<> {
    let seconds = seconds.clone();
    move || OffsetDateTime::from_unix_timestamp(seconds.load(Ordering::SeqCst)).unwrap()
}

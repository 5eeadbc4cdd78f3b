//! One order, the table of shipments, and a carrier whose ledger tells what really happened.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, http::StatusCode, routing::delete};
use catalogue::{
    CancelReason, DECODER, Event, Money, OrderCancelled, OrderCreated, OrderResumed,
    PaymentCompleted,
};
use event_envelope::{AggregateId, CorrelationId, Delivery, Envelope};
use http_client::{ApiKey, HttpClient, parse_url};
use lambda::{Invocation, Task, TaskError};
use local_dynamodb::{DynamoDb, FaultPlan};
use provider_stubs::{Carrier, ShipmentStatus};
use runtime::{Clock, Done, Failure, IdGenerator};
use serde_json::{Value, json};
use shipping::{
    carrier::{Carrier as _, HttpCarrier},
    domain::Destination,
    handler::{Handler, LEASE, runner_config},
    tasks::Command,
};
use state_machine::Runner;
use testkit::{Harness, database};
use time::OffsetDateTime;
use tokio::{net::TcpListener, time::sleep};

const TABLE: &str = "orderly-shipments";

pub(crate) struct World {
    pub(crate) carrier: Carrier,
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

pub(crate) fn created_for(address: Option<&str>) -> Delivery<Event> {
    let created = OrderCreated {
        order_id: order(),
        user_id: AggregateId::parse("user-456").unwrap(),
        items: Vec::new(),
        total: Money::usd(10_997),
        payment_method_id: None,
        delivery_address_id: address.map(|it| AggregateId::parse(it).unwrap()),
    };
    delivery(created, 1)
}

pub(crate) fn created() -> Delivery<Event> {
    created_for(Some("addr_1"))
}

pub(crate) fn paid() -> Delivery<Event> {
    let amount = Some(Money::usd(10_997));
    delivery(PaymentCompleted { order_id: order(), payment_id: "pi_1".into(), amount }, 1)
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

impl World {
    pub(crate) async fn new() -> Self {
        Self::behind(|carrier| carrier).await
    }

    /// A world whose carrier picks everything up at once, and calls nothing back.
    pub(crate) async fn picked_up() -> Self {
        let refusal = json!({ "code": "picked_up", "message": "the parcel is on its way" });
        let refuse = async move || (StatusCode::UNPROCESSABLE_ENTITY, Json(refusal));
        let desk = Router::new().route("/v1/shipments/{id}", delete(refuse));
        Self::behind(|carrier| desk.fallback_service(carrier)).await
    }

    /// A world whose carrier is reached through `desk`.
    async fn behind(desk: impl FnOnce(Router) -> Router) -> Self {
        let database = database(&[TABLE]).await;
        let seconds = Arc::new(AtomicI64::new(1_767_225_600));
        let carrier = Carrier::new(Arc::new(tell(&seconds)));
        let port = port(desk(carrier.router())).await;
        Self { carrier, database, port, seconds }
    }

    /// The same world for a client that waits for an answer no longer than `patience`.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { port: self.port.with_timeout(patience), ..self }
    }

    pub(crate) fn handler(&self, plan: FaultPlan) -> Handler<HttpCarrier> {
        let client = self.database.client_with(plan);
        let clock = Clock::from_fn(tell(&self.seconds));
        let runner =
            Runner::new(client, runner_config(TABLE.to_owned()), clock, IdGenerator::random());
        Handler::new(runner, HttpCarrier::new(self.port.clone()))
    }

    /// Has the first request to ship, which somebody has given up, reach the carrier now.
    pub(crate) async fn arrive_late(&self) {
        let [address, customer] = ["addr_1", "user-456"].map(|it| AggregateId::parse(it).unwrap());
        let to = Destination { address, customer: Some(customer) };
        let carrier = HttpCarrier::new(self.port.clone());
        carrier.ship(&order(), &to, false).await.unwrap();
    }

    /// The same world, in a process that reaches the carrier itself.
    pub(crate) async fn at_the_carrier(self) -> Self {
        Self { port: port(self.carrier.router()).await, ..self }
    }

    /// The same world, in a process that finds nobody at the carrier's.
    pub(crate) async fn at_nobodys(self) -> Self {
        let down = async || StatusCode::SERVICE_UNAVAILABLE;
        Self { port: port(Router::new().fallback(down)).await, ..self }
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

    /// What the row says of the shipment, in DynamoDB's JSON.
    pub(crate) async fn state(&self) -> Value {
        let key = json!({ "orderId": { "S": "order-123" } });
        let got = self.database.json("GetItem", &json!({ "TableName": TABLE, "Key": key })).await;
        got.unwrap()["Item"]["state"]["M"].take()
    }

    pub(crate) async fn status(&self) -> String {
        let state = self.state().await;
        state["progress"]["M"]["status"]["S"].as_str().unwrap_or("none").to_owned()
    }

    /// What is kept of the shipment and was published about it, as one text.
    pub(crate) async fn everything(&self) -> String {
        format!("{} {:?}", self.state().await, self.outgoing())
    }

    /// The types of the events that the stream hands to the relay.
    pub(crate) fn events(&self) -> Vec<String> {
        self.outgoing().into_iter().map(|event| event.event_type).collect()
    }

    /// At which step a person had to look, after how many attempts, and why.
    pub(crate) fn reviews(&self) -> Vec<(String, String, String)> {
        let said = self.outgoing().into_iter();
        let reviews = said.filter(|it| it.event_type == "ShippingNeedsReview").map(|it| {
            let text = |name: &str| it.data[name].as_str().unwrap().to_owned();
            (text("step"), it.data["attempts"].to_string(), text("reason"))
        });
        reviews.collect()
    }

    /// The events that the stream hands to the relay.
    fn outgoing(&self) -> Vec<Envelope> {
        let records = self.database.stream_records(TABLE, 0, 1000).unwrap();
        let images = records.iter().map(|record| &record.event["dynamodb"]["NewImage"]);
        images.flat_map(testkit::events_added).collect()
    }

    /// How the order's shipments stand with the carrier.
    pub(crate) fn shipments(&self) -> Vec<ShipmentStatus> {
        self.carrier.shipments().into_iter().map(|it| it.status).collect()
    }
}

impl Harness for World {
    type Process = Handler<HttpCarrier>;

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

/// Whoever answers by `router`, over HTTP.
async fn port(router: Router) -> HttpClient {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = parse_url(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    HttpClient::new(url, ApiKey::parse("secret").unwrap()).unwrap()
}

fn tell(seconds: &Arc<AtomicI64>) -> impl Fn() -> OffsetDateTime + Send + Sync + use<> {
    let seconds = seconds.clone();
    move || OffsetDateTime::from_unix_timestamp(seconds.load(Ordering::SeqCst)).unwrap()
}

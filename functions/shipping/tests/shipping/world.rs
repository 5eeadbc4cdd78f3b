//! One order, the table of shipments, and a carrier whose ledger shows what really happened.

use lambda::TaskHandler;
use std::{ops::Deref, time::Duration};

use axum::{Json, Router, http::StatusCode, routing::delete};
use catalogue::{DECODER, Event, Money, OrderCreated, PaymentCompleted};
use event_envelope::{AggregateId, Delivery};
use lambda::{Invocation, TaskError};
use local_dynamodb::FaultPlan;
use provider_stubs::{Carrier, ShipmentStatus};
use runtime::{Done, Failure};
use serde_json::{Value, json};
use shipping::{
    carrier::{Carrier as _, HttpCarrier},
    domain::Destination,
    handler::Handler,
};
use state_machine::LEASE;
use testkit::deliver;
use testkit::{
    Harness, TestBed, TestClock,
    orders::{USER, delivery, order, order_created},
};

pub(crate) use testkit::orders::{cancelled, resumed};

const TABLE: &str = "orderly-shipments";

pub(crate) struct World {
    pub(crate) carrier: Carrier,
    pub(crate) bed: TestBed,
}

impl Deref for World {
    type Target = TestBed;

    fn deref(&self) -> &TestBed {
        &self.bed
    }
}

pub(crate) fn created_for(address: Option<&str>) -> Delivery<Event> {
    let delivery_address_id = address.map(|it| AggregateId::parse(it).unwrap());
    delivery(OrderCreated { delivery_address_id, ..order_created() }, 1)
}

pub(crate) fn created() -> Delivery<Event> {
    created_for(Some("addr_1"))
}

pub(crate) fn paid() -> Delivery<Event> {
    let amount = Some(Money::usd(10_997));
    delivery(PaymentCompleted { order_id: order(), payment_id: "pi_1".into(), amount }, 1)
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
        let clock = TestClock::default();
        let carrier = Carrier::new(clock.local());
        let bed = TestBed::open(&[TABLE], clock, desk(carrier.router()), "secret").await;
        Self { carrier, bed }
    }

    pub(crate) fn handler(&self, plan: FaultPlan) -> Handler<HttpCarrier> {
        self.bed.gate.used_by(&plan);
        let carrier = HttpCarrier::new(self.bed.provider().clone());
        Handler::new(self.bed.runner(plan), carrier)
    }

    /// Has the first request to ship, which its client has abandoned, reach the carrier now.
    pub(crate) async fn arrive_late(&self) {
        let [address, customer] = ["addr_1", USER].map(|it| AggregateId::parse(it).unwrap());
        let to = Destination { address, customer: Some(customer) };
        let carrier = HttpCarrier::new(self.bed.provider().clone());
        carrier.ship(&order(), &to, false).await.unwrap();
    }

    /// The same world, in a process that reaches the carrier itself.
    pub(crate) async fn at_the_carrier(self) -> Self {
        let bed = self.bed.with_provider(self.carrier.router()).await;
        Self { bed, ..self }
    }

    /// Invokes the function with a task, as a workflow does.
    pub(crate) async fn invoke(&self, payload: Invocation) -> Result<Value, TaskError> {
        let handler = self.handler(FaultPlan::none());
        let consume = async |_| panic!("a batch");
        let work = async |task| handler.handle_task(task).await;
        let answer = lambda::answer(payload, &DECODER, consume, work).await?;
        Ok(serde_json::to_value(answer).unwrap())
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
        deliver(process, delivery).await
    }

    fn pass(&self, time: Duration) {
        self.bed.clock.pass(time);
    }

    async fn recover(&self) {
        self.bed.recover(LEASE).await;
    }
}

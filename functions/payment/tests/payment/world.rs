//! One order, the table of payments, and a provider whose ledger shows what really happened.

use lambda::TaskHandler;
use std::{ops::Deref, time::Duration};

use axum::Router;
use catalogue::{DECODER, Event, InventoryReserved, Money, OrderCreated, ShippingFailed};
use event_envelope::Delivery;
use http_client::HttpClient;
use lambda::{Invocation, TaskError};
use local_dynamodb::FaultPlan;
use payment::{
    customers::Customers,
    gateway::{PaymentGateway, Stripe},
    handler::Handler,
};
use provider_stubs::{EntryKind, Payments};
use runtime::{Clock, Done, Failure};
use serde_json::{Value, json};
use state_machine::{LEASE, Runner};
use testkit::deliver;
use testkit::{
    Harness, TestBed, TestClock,
    orders::{delivery, order_created},
};

pub(crate) use testkit::orders::{cancelled, order, resumed};

const TABLE: &str = "orderly-payments";
const CUSTOMERS: &str = "orderly-payment-customers";
/// The call to the database that stores the result of a new customer's charge: after the read of
/// the item, the lease, the search for the customer and the provider's id.
pub(crate) const WRITTEN_DOWN: usize = 4;

pub(crate) struct World {
    pub(crate) provider: Payments,
    pub(crate) bed: TestBed,
}

impl Deref for World {
    type Target = TestBed;

    fn deref(&self) -> &TestBed {
        &self.bed
    }
}

pub(crate) fn created_with(payment_method: &str) -> Delivery<Event> {
    created_by(Some(payment_method))
}

/// An order that is paid for with this, or with whatever the customer has.
pub(crate) fn created_by(payment_method: Option<&str>) -> Delivery<Event> {
    let payment_method_id = payment_method.map(str::to_owned);
    delivery(OrderCreated { payment_method_id, ..order_created() }, 1)
}

/// An order of so much, whatever its currency.
pub(crate) fn created_for(total: Money) -> Delivery<Event> {
    let payment_method_id = Some("pm_card_visa".to_owned());
    delivery(OrderCreated { total, payment_method_id, ..order_created() }, 1)
}

pub(crate) fn created() -> Delivery<Event> {
    created_by(Some("pm_card_visa"))
}

pub(crate) fn reserved() -> Delivery<Event> {
    delivery(InventoryReserved { order_id: order(), items: Vec::new() }, 1)
}

pub(crate) fn shipping_failed() -> Delivery<Event> {
    let code = "address_undeliverable".into();
    let reason = "nobody there".into();
    delivery(ShippingFailed { order_id: order(), code, reason }, 1)
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = TestClock::default();
        let provider = Payments::new(clock.local(), time::Duration::hours(24));
        let tables = [TABLE, CUSTOMERS];
        let bed = TestBed::open(&tables, clock, provider.router(), "sk_test_1").await;
        Self { provider, bed }
    }

    /// The same world for a client that waits for an answer no longer than `patience`.
    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        Self { bed: self.bed.with_timeout(timeout), ..self }
    }

    /// The same world with another key for the provider.
    pub(crate) fn with_key(self, key: &str) -> Self {
        Self { bed: self.bed.with_key(key), ..self }
    }

    /// The same world with a provider in front of which another server answers.
    pub(crate) async fn at(self, router: Router) -> Self {
        Self { bed: self.bed.with_provider(router).await, ..self }
    }

    pub(crate) fn gateway(&self) -> Stripe {
        Stripe::new(self.bed.provider().clone())
    }

    pub(crate) fn handler(&self, plan: FaultPlan) -> Handler<Stripe> {
        self.handler_of(self.gateway(), plan)
    }

    pub(crate) fn handler_of<G: PaymentGateway>(&self, gateway: G, plan: FaultPlan) -> Handler<G> {
        self.bed.gate.used_by(&plan);
        let customers = Customers::new(self.bed.client(plan.clone()), CUSTOMERS.to_owned());
        Handler::new(self.runner(plan), gateway, customers)
    }

    /// Where payments are kept, by a process whose calls meet `plan`.
    pub(crate) fn runner(&self, plan: FaultPlan) -> Runner {
        self.bed.runner(plan)
    }

    pub(crate) fn clock(&self) -> Clock {
        self.bed.clock.clock()
    }

    /// Makes it so many seconds past the epoch.
    pub(crate) fn set(&self, seconds: i64) {
        self.bed.clock.set(seconds);
    }

    /// Invokes the function with a task, as a workflow does.
    pub(crate) async fn invoke(&self, payload: Invocation) -> Result<Value, TaskError> {
        let handler = self.handler(FaultPlan::none());
        let consume = async |_| panic!("a batch");
        let work = async |task| handler.handle_task(task).await;
        let answer = lambda::answer(payload, &DECODER, consume, work).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    /// What an operator does by hand at the provider: `POST` a form to `path`. Returns the object's
    /// id.
    pub(crate) async fn by_hand(&self, path: &[&str], form: &[(&str, &str)]) -> String {
        let object = self.try_by_hand(path, form).await;
        object["id"].as_str().unwrap_or_else(|| panic!("{object}")).to_owned()
    }

    /// As [`Self::by_hand`], and gives whatever is answered.
    pub(crate) async fn try_by_hand(&self, path: &[&str], form: &[(&str, &str)]) -> Value {
        let key = format!("by-hand-{form:?}").replace(' ', "");
        let provider = self.by_others();
        provider.send(provider.post(path, &key).form(form)).await.unwrap().json().unwrap()
    }

    /// The way to the provider for others than the function.
    fn by_others(&self) -> &HttpClient {
        self.bed.gate.used_by(&FaultPlan::none());
        self.bed.provider()
    }

    /// The attempts at the order's payment, as the provider's search finds them.
    pub(crate) async fn search(&self) -> Value {
        let query = [("query", "metadata['order_id']:'order-123'")];
        let provider = self.by_others();
        let request = provider.get(&["v1", "payment_intents", "search"], &query);
        provider.send(request).await.unwrap().json().unwrap()
    }

    /// The customer's id at the provider, if the table of customers has it.
    pub(crate) async fn customer(&self) -> Option<String> {
        let key = json!({ "userId": { "S": "user-456" } });
        let request = json!({ "TableName": CUSTOMERS, "Key": key });
        let got = self.bed.call("GetItem", &request).await;
        got["Item"]["providerCustomerId"]["S"].as_str().map(str::to_owned)
    }

    /// What an operator imports into the table of customers.
    pub(crate) async fn import(&self, provider_id: &str) {
        let item =
            json!({ "userId": { "S": "user-456" }, "providerCustomerId": { "S": provider_id } });
        self.bed.call("PutItem", &json!({ "TableName": CUSTOMERS, "Item": item })).await;
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
        deliver(process, delivery).await
    }

    fn pass(&self, time: Duration) {
        self.bed.clock.pass(time);
    }

    async fn recover(&self) {
        self.bed.recover(LEASE).await;
    }
}

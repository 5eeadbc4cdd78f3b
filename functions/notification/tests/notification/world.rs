//! The tables of the notifications, a customer with an address, and the events they consume.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use catalogue::{
    CancelReason, Event, Money, OrderCancelled, OrderCreated, PaymentCompleted, ShipmentCreated,
};
use event_envelope::{AggregateId, CorrelationId, Delivery, Envelope};
use local_dynamodb::{DynamoDb, FaultPlan};
use notification::{contacts::Contacts, handler::Notifications};
use runtime::{Clock, Done, Failure, IdGenerator};
use serde_json::{Value, json};
use state_machine::{LEASE, Runner, RunnerConfig};
use testkit::{Harness, database, deliver};
use time::OffsetDateTime;

use crate::office::Office;

pub(crate) const ORDER: &str = "order-123";
pub(crate) const USER: &str = "user-456";
/// The customer's address.
pub(crate) const ADDRESS: &str = "ada@lovelace.example";
const NOTIFICATIONS: &str = "orderly-notifications";
const CONTACTS: &str = "orderly-contacts";

pub(crate) struct World {
    pub(crate) office: Office,
    database: DynamoDb,
    seconds: Arc<AtomicI64>,
}

fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

pub(crate) fn delivery(event: impl Into<Event>, sequence: u64) -> Delivery<Event> {
    let event = event.into();
    let draft = event.draft(id(ORDER), sequence, OffsetDateTime::UNIX_EPOCH);
    Delivery { envelope: draft.root(CorrelationId::of(ORDER), None), event, replay: None }
}

pub(crate) fn created_by(user: &str) -> Delivery<Event> {
    let created = OrderCreated {
        order_id: id(ORDER),
        user_id: id(user),
        items: Vec::new(),
        total: Money::usd(10_997),
        payment_method_id: None,
        delivery_address_id: None,
    };
    delivery(created, 1)
}

pub(crate) fn created() -> Delivery<Event> {
    created_by(USER)
}

pub(crate) fn paid() -> Delivery<Event> {
    paid_as(Money::usd(10_997))
}

pub(crate) fn paid_as(amount: Money) -> Delivery<Event> {
    let payment_id = "pi_1".into();
    let amount = Some(amount);
    delivery(PaymentCompleted { order_id: id(ORDER), payment_id, amount }, 1)
}

pub(crate) fn shipped() -> Delivery<Event> {
    shipped_as("LP123456789")
}

pub(crate) fn shipped_as(tracking_number: &str) -> Delivery<Event> {
    let shipment = ShipmentCreated {
        order_id: id(ORDER),
        shipment_id: "shp_1".into(),
        carrier: "Local Parcel".into(),
        tracking_number: tracking_number.into(),
    };
    delivery(shipment, 1)
}

pub(crate) fn cancelled() -> Delivery<Event> {
    delivery(OrderCancelled { order_id: id(ORDER), reason: CancelReason::OutOfStock }, 2)
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = database(&[NOTIFICATIONS, CONTACTS]).await;
        let world = Self {
            office: Office::open().await,
            database,
            seconds: Arc::new(AtomicI64::new(1_763_375_400)),
        };
        world.contact(USER, ADDRESS).await;
        world
    }

    /// The same world for a function that waits for SES no longer than `patience`.
    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        Self { office: self.office.with_timeout(timeout), ..self }
    }

    /// Notes the address of a customer.
    pub(crate) async fn contact(&self, user: &str, email: &str) {
        let item = json!({ "userId": { "S": user }, "email": { "S": email } });
        let put = json!({ "TableName": CONTACTS, "Item": item });
        self.database.json("PutItem", &put).await.unwrap();
    }

    /// One process of the function.
    pub(crate) fn notifications(&self, plan: &FaultPlan) -> Notifications {
        let client = self.database.client_with(plan.clone());
        let seconds = self.seconds.clone();
        let clock = Clock::from_fn(move || {
            OffsetDateTime::from_unix_timestamp(seconds.load(Ordering::SeqCst)).unwrap()
        });
        let settings = RunnerConfig::new(NOTIFICATIONS, "orderId");
        let runner = Runner::new(client.clone(), settings, clock, IdGenerator::random());
        let contacts = Contacts::new(client, CONTACTS.to_owned());
        Notifications::new(runner, contacts, self.office.mailer(plan))
    }

    pub(crate) async fn deliver_all(&self, deliveries: &[Delivery<Event>]) {
        for delivery in deliveries {
            self.deliver(delivery).await.unwrap();
        }
    }

    /// The row of the order, in DynamoDB's JSON; null if there is none.
    pub(crate) async fn row(&self) -> Value {
        let key = json!({ "orderId": { "S": ORDER } });
        let request = json!({ "TableName": NOTIFICATIONS, "Key": key });
        self.database.json("GetItem", &request).await.unwrap()["Item"].take()
    }

    /// Every image that the stream has shown of the rows, oldest first.
    pub(crate) fn images(&self) -> Vec<Value> {
        let records = self.database.stream_records(NOTIFICATIONS, 0, 1000).unwrap();
        records.into_iter().map(|mut it| it.event["dynamodb"]["NewImage"].take()).collect()
    }

    /// The events that the stream hands to the relay, oldest first.
    pub(crate) fn published(&self) -> Vec<Envelope> {
        self.images().iter().flat_map(testkit::events_added).collect()
    }

    /// What was published: the type and what it is about, oldest first.
    pub(crate) fn answers(&self) -> Vec<(String, String)> {
        let answer = |event: Envelope| {
            (event.event_type, event.data["template"].as_str().unwrap().to_owned())
        };
        self.published().into_iter().map(answer).collect()
    }

    /// Why the mails could not be sent.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let failed =
            self.published().into_iter().filter(|it| it.event_type == "NotificationFailed");
        failed.map(|it| it.data["reason"].as_str().unwrap().to_owned()).collect()
    }
}

impl Harness for World {
    type Process = Notifications;

    fn process(&self, plan: &FaultPlan) -> Self::Process {
        self.notifications(plan)
    }

    async fn handle(process: &Self::Process, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        deliver(process, delivery).await
    }

    fn pass(&self, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap();
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Lets all leases end.
    async fn recover(&self) {
        self.pass(LEASE + Duration::from_secs(1));
    }
}

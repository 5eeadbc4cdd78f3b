//! The tables that are read, with rows as the services write them.

use std::sync::Arc;

use aws_lambda_events::{
    apigw::ApiGatewayV2httpRequest,
    sqs::{SqsEvent, SqsMessage},
};
use catalogue::{Event, LineItem, Money, OrderCreated, OrderPaid, OrderResumed};
use event_envelope::{Actor, AggregateId, CorrelationId, Delivery, Envelope, FromEnvelope};
use event_store::EventStore;
use http_api::TokenScope;
use lambda::{EventHandler, ReplayPolicy};
use local_dynamodb::{DynamoDb, FaultPlan};
use local_sqs::{QueueSpec, Sqs};
use projection::{LivePlacement, Rows};
use projector::handler::Projector;
use query::{
    api::QueryApi,
    catalogue::CatalogueApi,
    config::{CatalogueConfig, Config},
};
use runtime::Clock;
use serde_json::{Value, json};
use testkit::{End, Queues, VIEW_TABLES, database, order_views, sdk_config};
use time::{Duration, OffsetDateTime, macros::datetime};

use testkit::http::{Answer, Request};

const EVENTS: &str = "orderly-order-events";
const PRODUCTS: &str = "orderly-products";
const VIEWS: &str = "orderly-order-views";
const PROJECTOR_QUEUE: &str = "orderly-projector-queue";
/// When orders are placed.
pub(crate) const PLACED_AT: OffsetDateTime = datetime!(2025-11-17 10:30 UTC);

/// Who works for the shop.
pub(crate) const OPERATOR: &str = "000000000000/AROAOPERATOR";

/// A database, and the processes that read from it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    database: DynamoDb,
    sqs: Sqs,
    age: Duration,
}

pub(crate) fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

/// The row of the sample order when it has just been created.
pub(crate) fn created(order: &str, user: &str, at: &str) -> Value {
    json!({
        "orderId": order,
        "userId": user,
        "placedAt": format!("{at}#{order}"),
        "createdAt": at,
        "updatedAt": at,
        "status": "created",
        "items": [
            { "productId": "prod-001", "quantity": 2, "unitPrice": Money::usd(2999) },
            { "productId": "prod-002", "quantity": 1, "unitPrice": Money::usd(4999) },
        ],
        "total": Money::usd(10_997),
        "correlationId": "corr_67890",
        "version": 1,
    })
}

/// The row of a cancelled order of which `service` has given a step up.
pub(crate) fn stuck(order: &str, service: &str, since: &str) -> Value {
    let mut row = created(order, "user-123", "2025-11-17T10:30:00.000Z");
    row["status"] = "cancelled".into();
    abandon(&mut row, service, since);
    row
}

/// Has `service` give a step up.
pub(crate) fn abandon(row: &mut Value, service: &str, since: &str) {
    let step = if service == "payment" { "refund" } else { "recall" };
    let order = row["orderId"].as_str().unwrap().to_owned();
    row[service] = "needsReview".into();
    row[format!("{service}Version")] = 2.into();
    row[format!("{service}Review")] = "open".into();
    row[format!("{service}ReviewSince")] = format!("{since}#{order}").into();
    row[format!("{service}ReviewStep")] = step.into();
    row[format!("{service}ReviewAttempts")] = 8.into();
    row[format!("{service}ReviewReason")] = format!("the {service} gateway answers 503").into();
}

impl World {
    pub(crate) async fn new() -> Self {
        let sqs = Sqs::new("http://127.0.0.1:9000");
        sqs.create_queue(QueueSpec::named(PROJECTOR_QUEUE)).unwrap();
        Self {
            database: database(&[&[EVENTS, PRODUCTS][..], &VIEW_TABLES].concat()).await,
            sqs,
            age: Duration::SECOND,
        }
    }

    /// Asks a process that meets `plan`.
    pub(crate) async fn ask_with(&self, plan: FaultPlan, request: &Request) -> Answer {
        self.answer(plan, request.event()).await
    }

    /// Asks the function to which the gateway brings the route.
    pub(crate) async fn answer(&self, plan: FaultPlan, event: ApiGatewayV2httpRequest) -> Answer {
        match event.route_key.as_deref() {
            Some("GET /products") => self.catalogue(plan).handle(event).await.into(),
            _ => self.api(plan).handle(event).await.into(),
        }
    }

    pub(crate) async fn ask(&self, request: &Request) -> Answer {
        self.ask_with(FaultPlan::none(), request).await
    }

    pub(crate) fn api(&self, plan: FaultPlan) -> QueryApi {
        self.api_of(plan, TokenScope::parse("orders:read").unwrap())
    }

    /// An API whose issuer names the scope so.
    pub(crate) fn api_of(&self, plan: FaultPlan, scope: TokenScope) -> QueryApi {
        let config = Config {
            views: order_views(),
            order_events: EVENTS.to_owned(),
            projector_queue_url: self.sqs.queue_url(PROJECTOR_QUEUE),
            scope,
        };
        let now = PLACED_AT + self.age;
        let queues = aws_sdk_sqs::Client::new(&sdk_config(Arc::new(self.sqs.clone())));
        QueryApi::new(self.database.client_with(plan), queues, &config, Clock::fixed(now))
    }

    /// The catalogue, in its function.
    pub(crate) fn catalogue(&self, plan: FaultPlan) -> CatalogueApi {
        let config = CatalogueConfig { products: PRODUCTS.to_owned() };
        CatalogueApi::new(self.database.client_with(plan), &config)
    }

    /// Takes the projector's queue unavailable.
    pub(crate) fn lose_queue(&self) {
        self.sqs.delete_queue(PROJECTOR_QUEUE).unwrap();
    }

    /// What waits for the projector.
    pub(crate) fn repairs(&self) -> Vec<String> {
        self.sqs.peek(PROJECTOR_QUEUE).unwrap().into_iter().map(|message| message.body).collect()
    }

    fn projector(&self) -> Projector {
        let client = self.database.client();
        let store = EventStore::new(client.clone(), EVENTS, "ORDER");
        let rows = Rows::new(client.clone(), "orderId");
        let placement = LivePlacement::new(client, order_views(), Clock::system());
        Projector::new(rows, placement, store)
    }

    /// Has the projector consume what waits for it; how each message ends.
    pub(crate) async fn project_repairs(&self) -> Vec<End> {
        let projector = lambda::service(self.projector());
        let message = |(index, body): (usize, String)| {
            let mut message = SqsMessage::default();
            message.message_id = Some(format!("message-{index}"));
            message.body = Some(body);
            message
        };
        let mut batch = SqsEvent::default();
        batch.records = self.repairs().into_iter().enumerate().map(message).collect();
        Queues::of("projector", ReplayPolicy::Accept).consume(batch, projector).await
    }

    /// The same world when orders are so old.
    pub(crate) fn aged(self, age: Duration) -> Self {
        Self { age, ..self }
    }

    /// Appends to the stream of an order.
    pub(crate) async fn store(&self, events: &[Envelope]) {
        let store = EventStore::new(self.database.client(), EVENTS, "ORDER");
        store.append(events).await.unwrap();
    }

    /// Has the projector take an event, as the bus delivers it.
    pub(crate) async fn deliver(&self, envelope: &Envelope) {
        let event = Event::from_envelope(envelope).unwrap();
        let delivery = Delivery { envelope: envelope.clone(), event, replay: None };
        // It may be one that the projector cannot take yet.
        let _ = self.projector().handle(delivery).await;
    }

    /// What the projector has made of an order.
    pub(crate) async fn project(&self, row: &Value) {
        self.put(VIEWS, row).await;
    }

    pub(crate) async fn offer(&self, product: &str, price: Money) {
        let name = format!("Product {product}");
        let row = json!({ "productId": product, "name": name, "price": price });
        self.put(PRODUCTS, &row).await;
    }

    /// Puts something into the stream of an order that is no event.
    pub(crate) async fn damage(&self, order: &str) {
        let partition = format!("ORDER#{order}");
        let sort = format!("EVENT#{:020}", 1);
        self.put(EVENTS, &json!({ "PK": partition, "SK": sort, "sequenceNumber": 1 })).await;
    }

    async fn put(&self, table: &str, row: &Value) {
        let item = serde_dynamo::to_item(row).unwrap();
        let client = self.database.client();
        client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    /// Records that `user` placed the order of v1, with further events by an operator, by a process
    /// and without an actor.
    pub(crate) async fn in_review(&self, order: &str, user: &str) -> Vec<Envelope> {
        let mut events = self.place(order, user).await;
        events[0].metadata.actor = Some(user.to_owned());
        events[0].metadata.reason = Some("a gift".to_owned());
        events[1].metadata.actor = Some(user.to_owned());
        let resumed = Event::from(OrderResumed { order_id: id(order) });
        let actors = [
            (Some(OPERATOR), Some("suspected fraud, see ticket 4711")),
            (Some("order-sweeper"), Some("late, see 4711")),
            (None, Some("4711")),
        ];
        for (sequence, (actor, reason)) in (3..).zip(actors) {
            let [actor, reason] = [actor, reason].map(|it| it.map(str::to_owned));
            let actor = Actor { id: actor, reason, traceparent: None };
            let draft = resumed.draft(id(order), sequence, datetime!(2025-11-17 10:31 UTC));
            events.push(draft.root(CorrelationId::of(order), actor));
        }
        for event in &events {
            let mut row = serde_json::to_value(event).unwrap();
            row["PK"] = format!("ORDER#{order}").into();
            row["SK"] = format!("EVENT#{:020}", event.sequence_number).into();
            self.put(EVENTS, &row).await;
        }
        events
    }

    /// Records that `user` placed the sample order under this id, and paid for it.
    pub(crate) async fn place(&self, order: &str, user: &str) -> Vec<Envelope> {
        let order_id = id(order);
        let total = Money::usd(10_997);
        let item = |product: &str, quantity, cents| LineItem {
            product_id: id(product),
            quantity,
            unit_price: Money::usd(cents),
        };
        let created = Event::from(OrderCreated {
            order_id: order_id.clone(),
            user_id: id(user),
            items: vec![item("prod-001", 2, 2999), item("prod-002", 1, 4999)],
            total,
            payment_method_id: None,
            delivery_address_id: None,
        });
        let payment_id = "pi_1".to_owned();
        let paid = Event::from(OrderPaid { order_id: order_id.clone(), payment_id, amount: total });
        let at = PLACED_AT;
        let draft = created.draft(order_id.clone(), 1, at);
        let created = draft.root(CorrelationId::of(order), None);
        let paid = paid.draft(order_id, 2, at).caused_by(&created).unwrap();
        let events = vec![created, paid];
        EventStore::new(self.database.client(), EVENTS, "ORDER").append(&events).await.unwrap();
        events
    }
}

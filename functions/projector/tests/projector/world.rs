//! The table of rows, the event store, and what the rows have to be.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use catalogue::Event;
use event_envelope::{Delivery, Envelope};
use event_store::EventStore;
use local_dynamodb::{DynamoDb, FaultPlan};
use projection::{LivePlacement, Placement, Placements, ProjectionConfig, Rows};
use projector::{handler::Projector, view::changes};
use runtime::{Clock, Done, Failure};
use serde_json::{Value, json};
use testkit::{Harness, VIEW_TABLES, database, deliver, order_views};

use crate::order::{ORDER, id};

const VIEWS: &str = "orderly-order-views";
const ORDER_EVENTS: &str = "orderly-order-events";
/// The attributes that count a section's events.
const VERSIONS: [&str; 8] = [
    "version",
    "inventoryVersion",
    "paymentVersion",
    "shippingVersion",
    "orderReceivedVersion",
    "paymentReceivedVersion",
    "orderShippedVersion",
    "orderCancelledVersion",
];

/// A row, as JSON.
pub(crate) type Row = Value;

#[derive(Debug, Clone)]
pub(crate) struct World {
    database: DynamoDb,
}

/// The row after `history`, each service's events in their order.
pub(crate) fn fold<'a>(history: impl IntoIterator<Item = &'a Delivery<Event>>) -> Row {
    let mut row = json!({ "orderId": ORDER });
    for Delivery { envelope, event, .. } in history {
        for (attribute, value) in changes(event, envelope) {
            row[attribute] = value;
        }
    }
    // What is null is not there.
    row.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    row
}

/// How far each section of a row has come.
pub(crate) fn versions(row: &Row) -> [u64; 8] {
    VERSIONS.map(|attribute| row[attribute].as_u64().unwrap_or_default())
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = database(&[&[ORDER_EVENTS][..], &VIEW_TABLES].concat()).await;
        Self { database }
    }

    /// One process of the function.
    pub(crate) fn projector(&self, plan: FaultPlan) -> Projector {
        let client = self.database.client_with(plan);
        let orders = EventStore::new(client.clone(), ORDER_EVENTS, "ORDER");
        let placement = LivePlacement::new(client.clone(), order_views(), Clock::system());
        Projector::new(Rows::new(client, "orderId"), placement, orders)
    }

    /// From now on both tables of rows are written.
    pub(crate) async fn begin_other_table(&self) {
        let ProjectionConfig { name, placements, .. } = order_views();
        let both = Placement::FIRST.begin(2).unwrap();
        let placements = Placements::new(self.database.client(), placements);
        placements.store(&name, &both).await.unwrap();
    }

    pub(crate) async fn deliver_all(&self, deliveries: &[Delivery<Event>]) {
        for delivery in deliveries {
            self.deliver(delivery).await.unwrap();
        }
    }

    /// Appends to the order's stream what the order service publishes in `history`, one by one.
    pub(crate) async fn store(&self, history: &[Delivery<Event>]) {
        let orders = EventStore::new(self.database.client(), ORDER_EVENTS, "ORDER");
        for Delivery { envelope, .. } in history {
            orders.append(std::slice::from_ref(envelope)).await.unwrap();
        }
    }

    /// The order's stream as deliveries.
    pub(crate) async fn stream(&self) -> Vec<Envelope> {
        let orders = EventStore::new(self.database.client(), ORDER_EVENTS, "ORDER");
        orders.load(&id(ORDER), 0).await.unwrap()
    }

    /// The row of the order; null if there is none.
    pub(crate) async fn row(&self) -> Row {
        self.row_of(ORDER).await
    }

    /// The row of `order`; null if there is none.
    pub(crate) async fn row_of(&self, order: &str) -> Row {
        let key = json!({ "orderId": { "S": order } });
        let request = json!({ "TableName": VIEWS, "Key": key });
        let got = self.database.json("GetItem", &request).await.unwrap();
        got.get("Item").map_or(Row::Null, |item| {
            let item: serde_dynamo::Item = serde_json::from_value(item.clone()).unwrap();
            serde_dynamo::from_item(item).unwrap()
        })
    }

    /// Deletes the row of the order.
    pub(crate) async fn forget(&self) {
        let key = json!({ "orderId": { "S": ORDER } });
        let request = json!({ "TableName": VIEWS, "Key": key });
        self.database.json("DeleteItem", &request).await.unwrap();
    }

    /// The orders of a customer, newest first, as the index has them.
    pub(crate) async fn orders_of(&self, user: &str) -> Vec<Row> {
        let query = self.database.client().query().table_name(VIEWS).index_name("by-user");
        let query = query.key_condition_expression("userId = :user").scan_index_forward(false);
        let user = AttributeValue::S(user.to_owned());
        let found = query.expression_attribute_values(":user", user).send().await.unwrap();
        let read = |item: HashMap<_, _>| serde_dynamo::from_item(item).unwrap();
        found.items.unwrap_or_default().into_iter().map(read).collect()
    }
}

impl Harness for World {
    type Process = Projector;

    fn process(&self, plan: &FaultPlan) -> Self::Process {
        self.projector(plan.clone())
    }

    async fn handle(process: &Self::Process, delivery: &Delivery<Event>) -> Result<Done, Failure> {
        deliver(process, delivery).await
    }
}

//! The read models of orders.

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use event_envelope::AggregateId;
use outcome::BoxError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

type Item = HashMap<String, AttributeValue>;

/// The index by customer, newest first.
const BY_USER: &str = "by-user";

/// Reads the orders.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    client: Client,
    table: String,
}

/// What the read model says of an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// This, and whose it is.
    View { owner: String, view: Value },
    /// Nothing yet.
    Pending,
}

/// Some of a customer's orders.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) orders: Vec<Value>,
    pub(crate) next: Option<Position>,
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    #[serde(rename = "o")]
    order_id: String,
    #[serde(rename = "p")]
    placed_at: String,
}

impl Orders {
    pub(crate) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(crate) async fn find(&self, order: &AggregateId) -> Result<Found, BoxError> {
        let key = AttributeValue::S(order.to_string());
        let got =
            self.client.get_item().table_name(&self.table).key("orderId", key).send().await?;
        let Some(row) = got.item.map(read).transpose()? else {
            return Ok(Found::Pending);
        };
        // What other services said may be there before the order itself.
        match row.get("userId").and_then(Value::as_str) {
            Some(owner) => Ok(Found::View { owner: owner.to_owned(), view: detail(&row) }),
            None => Ok(Found::Pending),
        }
    }

    pub(crate) async fn of_user(
        &self,
        user: &AggregateId,
        limit: u16,
        after: Option<Position>,
    ) -> Result<Page, BoxError> {
        let user = AttributeValue::S(user.to_string());
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_USER)
            .key_condition_expression("userId = :user")
            .expression_attribute_values(":user", user.clone())
            .scan_index_forward(false)
            .limit(i32::from(limit))
            .set_exclusive_start_key(after.map(|position| position.into_key(user)))
            .send()
            .await?;
        let rows = answer.items.unwrap_or_default().into_iter().map(read);
        let orders = rows.map(|row| row.map(|row| summary(&row))).collect::<Result<_, _>>()?;
        Ok(Page { orders, next: answer.last_evaluated_key.and_then(Position::of_key) })
    }
}

impl Position {
    fn into_key(self, user: AttributeValue) -> Item {
        Item::from([
            ("orderId".to_owned(), AttributeValue::S(self.order_id)),
            ("placedAt".to_owned(), AttributeValue::S(self.placed_at)),
            ("userId".to_owned(), user),
        ])
    }

    fn of_key(key: Item) -> Option<Self> {
        let text = |name: &str| key.get(name)?.as_s().ok().cloned();
        Some(Self { order_id: text("orderId")?, placed_at: text("placedAt")? })
    }
}

fn read(item: Item) -> Result<Map<String, Value>, BoxError> {
    Ok(serde_dynamo::from_item(item)?)
}

fn summary(row: &Map<String, Value>) -> Value {
    pick(row, &["orderId", "status", "total", "createdAt"])
}

/// The order as a customer sees it: its own state first, then how far each part of it has come.
fn detail(row: &Map<String, Value>) -> Value {
    let mut view = pick(
        row,
        &[
            "orderId",
            "status",
            "items",
            "total",
            "createdAt",
            "updatedAt",
            "version",
            "cancelReason",
            "correlationId",
        ],
    );
    view["inventory"] = renamed(row, &[("inventory", "status"), ("shortages", "shortages")]);
    view["payment"] = renamed(
        row,
        &[
            ("payment", "status"),
            ("paymentId", "paymentId"),
            ("refundId", "refundId"),
            ("paymentFailure", "reason"),
        ],
    );
    view["shipping"] = renamed(
        row,
        &[
            ("shipping", "status"),
            ("carrier", "carrier"),
            ("trackingNumber", "trackingNumber"),
            ("shippingFailure", "reason"),
        ],
    );
    view["notifications"] = renamed(
        row,
        &[
            ("orderReceivedMail", "orderReceived"),
            ("paymentReceivedMail", "paymentReceived"),
            ("orderShippedMail", "orderShipped"),
            ("orderCancelledMail", "orderCancelled"),
        ],
    );
    view
}

fn pick(row: &Map<String, Value>, fields: &[&str]) -> Value {
    let same: Vec<_> = fields.iter().map(|field| (*field, *field)).collect();
    renamed(row, &same)
}

/// The attributes that are there, by other names.
fn renamed(row: &Map<String, Value>, fields: &[(&str, &str)]) -> Value {
    let mut view = json!({});
    for (from, to) in fields {
        if let Some(value) = row.get(*from) {
            view[*to] = value.clone();
        }
    }
    view
}

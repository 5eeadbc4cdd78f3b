//! The read models of orders.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use event_envelope::AggregateId;
use projection::LivePlacement;
use runtime::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The index by customer, newest first.
const BY_USER: &str = "by-user";

/// What a list has of an order.
const LISTED: [&str; 4] = ["orderId", "status", "total", "createdAt"];

/// Reads the orders.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    client: Client,
    views: LivePlacement,
}

/// What the read model has of an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// This, and whose it is.
    View { owner: String, view: Value },
    /// Nothing yet, or only this of other services.
    Pending { others: Option<Value> },
}

/// Some of a customer's orders.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) orders: Vec<Value>,
    pub(crate) next: Option<Position>,
}

/// Where a page ended, in cursors as the text that rows are sorted by: `<instant>#<orderId>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Position {
    pub(crate) at: String,
    pub(crate) order_id: AggregateId,
}

/// A text is no place in a list of orders.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time and an order with # between them")]
pub(crate) struct NoPosition(String);

impl Found {
    /// The view, if it is of this `version` or a later one.
    pub(crate) fn at(&self, version: u64) -> Option<&Value> {
        match self {
            Self::View { view, .. } if view["version"].as_u64() >= Some(version) => Some(view),
            Self::View { .. } | Self::Pending { .. } => None,
        }
    }
}

impl Orders {
    pub(crate) const fn new(client: Client, views: LivePlacement) -> Self {
        Self { client, views }
    }

    pub(crate) async fn find(&self, order: &AggregateId) -> Result<Found, Failure> {
        let key = AttributeValue::S(order.to_string());
        let table = self.views.table().await?;
        let request = self.client.get_item().table_name(table).key("orderId", key);
        // An eventually consistent read may be older than what the customer was shown before.
        let got = request.consistent_read(true).send().await.map_err(Failure::retry)?;
        let Some(row) = got.item.map(read).transpose()? else {
            return Ok(Found::Pending { others: None });
        };
        // What other services published may be there before the order itself.
        match row.get("userId").and_then(Value::as_str) {
            Some(owner) => Ok(Found::View { owner: owner.to_owned(), view: detail(&row) }),
            None => Ok(Found::Pending { others: Some(detail(&row)) }),
        }
    }

    pub(crate) async fn of_user(
        &self,
        user: &AggregateId,
        limit: u16,
        after: Option<&Position>,
    ) -> Result<Page, Failure> {
        let user = AttributeValue::S(user.to_string());
        let answer = self
            .client
            .query()
            .table_name(self.views.table().await?)
            .index_name(BY_USER)
            .key_condition_expression("userId = :user")
            .expression_attribute_values(":user", user.clone())
            .scan_index_forward(false)
            .limit(i32::from(limit))
            .set_exclusive_start_key(after.map(|position| position.clone().into_key(user)))
            .send()
            .await
            .map_err(Failure::retry)?;
        let rows = answer.items.unwrap_or_default().into_iter().map(read);
        let orders =
            rows.map(|row| row.map(|row| pick(&row, &LISTED))).collect::<Result<_, _>>()?;
        let next = answer.last_evaluated_key.map(Position::of_key).transpose();
        Ok(Page { orders, next: next.map_err(Failure::permanent)? })
    }
}

impl Page {
    /// The same page of at most `limit` orders that begins after `start`, with these orders as they
    /// are now: each in its place, unless that is on another page.
    pub(crate) fn with(
        self,
        orders: Vec<(Position, Value)>,
        limit: u16,
        start: Option<&Position>,
    ) -> Self {
        let Self { orders: page, next } = self;
        let is_here = |place: &Position| {
            start.is_none_or(|start| place < start) && next.as_ref().is_none_or(|it| place >= it)
        };
        let orders = orders.into_iter().filter(|(place, _)| is_here(place));
        let page = page.into_iter().filter_map(|order| Some((Position::of(&order)?, order)));
        let whole: BTreeMap<_, _> = page.chain(orders).collect();
        let is_cut = whole.len() > usize::from(limit);
        // Newest first.
        let kept: Vec<_> = whole.into_iter().rev().take(usize::from(limit)).collect();
        let next = if is_cut { kept.last().map(|(place, _)| place.clone()) } else { next };
        Self { orders: kept.into_iter().map(|(_, order)| order).collect(), next }
    }
}

impl Position {
    /// The place of an order in the list of its customer's.
    fn of(order: &Value) -> Option<Self> {
        let at = order["createdAt"].as_str()?.to_owned();
        let order_id = AggregateId::parse(order["orderId"].as_str()?).ok()?;
        Some(Self { at, order_id })
    }

    fn into_key(self, user: AttributeValue) -> Item {
        Item::from([
            ("orderId".to_owned(), AttributeValue::S(self.order_id.to_string())),
            ("placedAt".to_owned(), AttributeValue::S(self.into())),
            ("userId".to_owned(), user),
        ])
    }

    fn of_key(mut key: Item) -> Result<Self, NoPosition> {
        let placed_at = key.remove("placedAt").and_then(|value| value.as_s().cloned().ok());
        placed_at.unwrap_or_default().try_into()
    }
}

impl TryFrom<String> for Position {
    type Error = NoPosition;

    fn try_from(text: String) -> Result<Self, NoPosition> {
        let parts = text.split_once('#').filter(|(at, _)| !at.is_empty());
        let position = parts.and_then(|(at, order_id)| {
            let order_id = AggregateId::parse(order_id).ok()?;
            Some(Self { at: at.to_owned(), order_id })
        });
        position.ok_or(NoPosition(text))
    }
}

impl From<Position> for String {
    fn from(Position { at, order_id }: Position) -> Self {
        format!("{at}#{order_id}")
    }
}

pub(crate) fn read(item: Item) -> Result<Map<String, Value>, Failure> {
    serde_dynamo::from_item(item).map_err(Failure::permanent)
}

/// An order that is seen in full, as a list has it, and its place there.
pub(crate) fn listed(view: &Value) -> Option<(Position, Value)> {
    let summary = pick(view.as_object()?, &LISTED);
    Some((Position::of(&summary)?, summary))
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
            "awaited",
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
    for part in ["payment", "shipping"] {
        // A customer can do nothing about it, and what stands in the way is the operators'
        // business.
        if view[part]["status"] == "needsReview" {
            view[part]["status"] = "beingLookedInto".into();
        }
    }
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

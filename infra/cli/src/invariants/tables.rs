//! What stands in the tables.

use std::collections::BTreeMap;

use local_core::AwsError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::attribute::plain_item;
use crate::Shop;

/// The reservation of an order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// The order.
    pub order_id: String,
    /// `reserved`, `shipped`, `failed`, `released` or `withdrawn`.
    pub status: String,
    /// What was reserved.
    #[serde(default)]
    pub items: Vec<Reserved>,
}

impl Reservation {
    /// Whether its goods are not available to others: they are kept for the order, or have left.
    pub(super) fn holds_stock(&self) -> bool {
        matches!(self.status.as_str(), "reserved" | "shipped")
    }
}

/// A line of a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reserved {
    /// The product.
    pub product_id: String,
    /// How many.
    pub quantity: i64,
}

/// An order as the read model has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// The order.
    pub order_id: String,
    /// How far it is; none before its creation was heard of.
    pub status: Option<String>,
    /// The sequence number of the last event that is in it.
    pub version: Option<u64>,
}

/// How many orders were completed on a day in a currency, and what they came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// The orders.
    pub orders: u64,
    /// The sum of their totals, in minor units.
    pub amount: u64,
}

/// The rows of a table, by what `key` takes from each.
pub(super) async fn rows<T: for<'de> Deserialize<'de>>(
    shop: &Shop,
    table: &str,
    key: impl Fn(&T) -> &String,
) -> Result<BTreeMap<String, T>, AwsError> {
    let items = scan(shop, table).await?.into_iter();
    items
        .map(|item| {
            let row: T = serde_json::from_value(item)
                .map_err(|error| AwsError::internal(format!("a row of {table}: {error}")))?;
            Ok((key(&row).clone(), row))
        })
        .collect()
}

/// Every item of a table.
pub(super) async fn scan(shop: &Shop, table: &str) -> Result<Vec<Value>, AwsError> {
    let mut items = Vec::new();
    let mut request = json!({ "TableName": shop.table(table), "ConsistentRead": true });
    loop {
        let page = shop.dynamodb().json("Scan", &request).await?;
        items.extend(page["Items"].as_array().into_iter().flatten().map(plain_item));
        if page["LastEvaluatedKey"].is_null() {
            return Ok(items);
        }
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
    }
}

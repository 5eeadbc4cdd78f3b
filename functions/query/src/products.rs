//! The catalogue of products.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use event_envelope::AggregateId;
use runtime::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Reads products.
#[derive(Debug, Clone)]
pub(crate) struct Products {
    client: Client,
    table: String,
}

/// Some products.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) products: Vec<Value>,
    pub(crate) next: Option<Position>,
}

/// Where a page ended: the last product on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position(AggregateId);

/// The key of the table.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    product_id: AggregateId,
}

impl Products {
    pub(crate) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(crate) async fn page(&self, limit: u16, after: Option<Position>) -> Result<Page, Failure> {
        let mut request = self.client.scan().table_name(&self.table).limit(i32::from(limit));
        if let Some(Position(product)) = after {
            let product = AttributeValue::S(product.to_string());
            request = request.exclusive_start_key("productId", product);
        }
        let answer = request.send().await.map_err(Failure::retry)?;
        let products = serde_dynamo::from_items(answer.items.unwrap_or_default());
        let next = answer.last_evaluated_key.map(serde_dynamo::from_item::<_, Key>).transpose();
        Ok(Page {
            products: products.map_err(Failure::permanent)?,
            next: next.map_err(Failure::permanent)?.map(|key| Position(key.product_id)),
        })
    }
}

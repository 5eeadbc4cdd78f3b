//! The catalogue of products.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use outcome::BoxError;
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

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position(String);

impl Products {
    pub(crate) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(crate) async fn page(&self, limit: u16, after: Option<Position>) -> Result<Page, BoxError> {
        let mut request = self.client.scan().table_name(&self.table).limit(i32::from(limit));
        if let Some(Position(product)) = after {
            request = request.exclusive_start_key("productId", AttributeValue::S(product));
        }
        let answer = request.send().await?;
        let products = serde_dynamo::from_items(answer.items.unwrap_or_default())?;
        let last = answer.last_evaluated_key.and_then(|mut key| key.remove("productId"));
        let next = last.and_then(|id| id.as_s().ok().cloned()).map(Position);
        Ok(Page { products, next })
    }
}

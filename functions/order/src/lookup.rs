//! The catalogue of products, as far as an order needs it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, KeysAndAttributes},
};
use event_envelope::AggregateId;
use outcome::Failure;

use crate::placing::Product;

/// How often keys are asked for again that DynamoDB left unprocessed.
const ATTEMPTS_MAX: usize = 3;

/// Reads products.
#[derive(Debug, Clone)]
pub struct Products {
    client: Client,
    table: String,
}

impl Products {
    /// Reads from `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The products with these ids; those that do not exist are left out.
    ///
    /// # Errors
    ///
    /// When the table is away; worth a retry.
    pub async fn find<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a AggregateId>,
    ) -> Result<BTreeMap<AggregateId, Product>, Failure> {
        let keys = ids.into_iter().map(|id| {
            [("productId".to_owned(), AttributeValue::S(id.to_string()))].into_iter().collect()
        });
        let keys = KeysAndAttributes::builder().set_keys(Some(keys.collect())).build();
        let mut unread = Some([(self.table.clone(), keys.map_err(Failure::poison)?)].into());
        let mut found = BTreeMap::new();
        for _ in 0..ATTEMPTS_MAX {
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(unread.take())
                .send()
                .await
                .map_err(Failure::retry)?;
            for item in answer.responses.into_iter().flatten().flat_map(|(_, items)| items) {
                let product: Product = serde_dynamo::from_item(item).map_err(Failure::poison)?;
                found.insert(product.product_id.clone(), product);
            }
            unread = answer.unprocessed_keys.filter(|keys| !keys.is_empty());
            if unread.is_none() {
                return Ok(found);
            }
        }
        Err(Failure::retry("DynamoDB leaves products unprocessed"))
    }
}

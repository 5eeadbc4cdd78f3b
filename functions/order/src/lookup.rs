//! What an order is checked against: the catalogue of products, and the customers' address books,
//! as far as an order needs them.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{AttributeValue, KeysAndAttributes},
};
use event_envelope::AggregateId;
use runtime::Failure;
use serde::Deserialize;

use crate::place_order::{Known, Product};

/// How often keys are asked for again that DynamoDB left unprocessed.
const ATTEMPTS_MAX: usize = 3;

type Item = HashMap<String, AttributeValue>;

/// Reads products and addresses.
#[derive(Debug, Clone)]
pub struct Lookup {
    client: Client,
    products: String,
    addresses: String,
}

/// An entry of an address book. The address itself is with the carrier.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    address_id: AggregateId,
}

impl Lookup {
    /// Reads from the tables `products` (by `productId`) and `addresses` (by `userId` and
    /// `addressId`).
    pub fn new(client: Client, products: String, addresses: String) -> Self {
        Self { client, products, addresses }
    }

    /// What there is of these products, and of this entry of `user`'s address book; what there is
    /// not is left out. All of it is one request.
    ///
    /// # Errors
    ///
    /// When a table is unavailable; worth a retry.
    pub async fn find<'a>(
        &self,
        products: impl IntoIterator<Item = &'a AggregateId>,
        user: &AggregateId,
        address: Option<&AggregateId>,
    ) -> Result<Known, Failure> {
        let text = |id: &AggregateId| AttributeValue::S(id.to_string());
        let products = products.into_iter().map(|id| Item::from([("productId".into(), text(id))]));
        let mut asked = HashMap::from([(
            self.products.clone(),
            keys(products.collect(), false).map_err(Failure::permanent)?,
        )]);
        if let Some(address) = address {
            let key =
                Item::from([("userId".into(), text(user)), ("addressId".into(), text(address))]);
            // One that was only just noted has to be found: what is not is refused for good.
            let keys = keys(vec![key], true).map_err(Failure::permanent)?;
            asked.insert(self.addresses.clone(), keys);
        }
        let mut unread = Some(asked);
        let mut known = Known::default();
        for _ in 0..ATTEMPTS_MAX {
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(unread.take())
                .send()
                .await
                .map_err(Failure::retry)?;
            for (table, items) in answer.responses.into_iter().flatten() {
                for item in items {
                    self.take(&table, item, &mut known)?;
                }
            }
            unread = answer.unprocessed_keys.filter(|keys| !keys.is_empty());
            if unread.is_none() {
                return Ok(known);
            }
        }
        Err(Failure::retry("DynamoDB leaves products or addresses unprocessed"))
    }

    fn take(&self, table: &str, item: Item, known: &mut Known) -> Result<(), Failure> {
        if table == self.addresses {
            let entry: Entry = serde_dynamo::from_item(item).map_err(Failure::permanent)?;
            known.addresses.insert(entry.address_id);
        } else {
            let product: Product = serde_dynamo::from_item(item).map_err(Failure::permanent)?;
            known.products.insert(product.product_id.clone(), product);
        }
        Ok(())
    }
}

fn keys(keys: Vec<Item>, consistent: bool) -> Result<KeysAndAttributes, BuildError> {
    // Left out where it is the default.
    let consistent = consistent.then_some(true);
    KeysAndAttributes::builder().set_keys(Some(keys)).set_consistent_read(consistent).build()
}

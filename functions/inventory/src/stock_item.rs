//! Stock as it is stored in DynamoDB: an item for each product, and one for each further shard.
//!
//! | attribute | |
//! |---|---|
//! | `productId` | the product, or `<product>#<shard>`, which is no product's id |
//! | `available` | free to be sold |
//! | `reserved` | taken by orders that are neither shipped nor cancelled; no attribute: none |
//! | `shards` | over how many items the product is spread, in each of them; no attribute: one |
//! | `rows` | how many items may hold stock, in the product's own item; no attribute: one |
//!
//! An item is never deleted: one that is not taken from first any more still counts, so that `rows`
//! only grows, up to [`SHARDS_MAX`](crate::shards::SHARDS_MAX).

use aws_sdk_dynamodb::types::AttributeValue;
use event_envelope::AggregateId;
use idempotency::Item;
use runtime::Failure;
use serde::Deserialize;

use crate::shard_cache::Spread;

/// One item.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct StockItem {
    #[serde(default)]
    pub(crate) available: u64,
    #[serde(default)]
    reserved: i64,
    #[serde(default = "one")]
    pub(crate) shards: u8,
    #[serde(default = "one")]
    pub(crate) rows: u8,
}

fn one() -> u8 {
    1
}

impl StockItem {
    /// Reads an item of the table.
    ///
    /// # Errors
    ///
    /// Permanent when it is no item of stock.
    pub(crate) fn read(item: Item) -> Result<Self, Failure> {
        serde_dynamo::from_item(item).map_err(Failure::permanent)
    }

    /// How the product is spread, if this is the product's own item.
    pub(crate) fn spread(self) -> Spread {
        Spread { shards: self.shards, rows: self.rows }
    }
}

/// All of a product's stock at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stock {
    /// How it is spread.
    pub(crate) spread: Spread,
    /// What is free to be sold, item by item.
    pub(crate) available: Vec<u64>,
    /// What is taken by orders under way.
    pub(crate) reserved: i64,
}

impl Stock {
    /// The stock in these items, of which `own` is the product's own. Items that it does not count
    /// are none of the product's.
    pub(crate) fn of(own: StockItem, rows: &[Option<StockItem>]) -> Self {
        let rows = rows.get(..usize::from(own.rows)).unwrap_or(rows);
        Self {
            spread: own.spread(),
            available: rows.iter().map(|row| row.map_or(0, |row| row.available)).collect(),
            reserved: rows.iter().flatten().map(|row| row.reserved).sum(),
        }
    }

    /// What is free to be sold in all items.
    pub(crate) fn total(&self) -> u64 {
        self.available.iter().sum()
    }
}

/// The key of a shard's item.
pub(crate) fn key(product: &AggregateId, shard: u8) -> AttributeValue {
    AttributeValue::S(match shard {
        0 => product.to_string(),
        shard => format!("{product}#{shard}"),
    })
}

/// Whether an item is one of this product's, and then whether it is its own.
pub(crate) fn is_own_item(item: &Item, product: &AggregateId) -> Option<bool> {
    let rest = item.get("productId")?.as_s().ok()?.strip_prefix(product.as_str())?;
    (rest.is_empty() || rest.starts_with('#')).then_some(rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> AggregateId {
        AggregateId::parse(text).unwrap()
    }

    #[test]
    fn an_item_is_recognized_by_its_key() {
        let product = id("prod-10");
        let shorter = id("prod-1");
        for (shard, own) in [(0, true), (3, false)] {
            let row = Item::from([("productId".to_owned(), key(&product, shard))]);
            assert_eq!(is_own_item(&row, &product), Some(own));
            assert_eq!(is_own_item(&row, &shorter), None);
        }
        // No product can have the id of a shard.
        AggregateId::parse(key(&product, 3).as_s().unwrap()).unwrap_err();
    }

    #[test]
    fn items_that_the_product_does_not_count_are_none_of_its() {
        let row = |available, rows| StockItem { available, reserved: 1, shards: 1, rows };
        let own = row(5, 2);
        let stock = Stock::of(own, &[Some(own), None, Some(row(7, 1))]);
        assert_eq!((stock.total(), stock.reserved), (5, 1));
        assert_eq!(stock.available, [5, 0]);
        assert_eq!(stock.spread, Spread { shards: 1, rows: 2 });
    }
}

//! Stock as it lies in DynamoDB: a row for each product, and one for each further shard of it.
//!
//! | attribute | |
//! |---|---|
//! | `productId` | the product, or `<product>#<shard>`, which is no product's id |
//! | `available` | free to be sold |
//! | `reserved` | taken by orders that are neither shipped nor called off; no attribute: none |
//! | `shards` | over how many rows the product is spread, in each of them; no attribute: one |
//! | `rows` | how many rows may hold stock, in the product's own row; no attribute: one |
//!
//! A row is never deleted: one that is not taken from first any more still counts, so that `rows`
//! only grows, up to [`SHARDS_MAX`](crate::shards::SHARDS_MAX).

use aws_sdk_dynamodb::types::AttributeValue;
use event_envelope::AggregateId;
use idempotency::Item;
use runtime::Failure;
use serde::Deserialize;

use crate::shard_cache::Spread;

/// One row.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Row {
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

impl Row {
    /// What a row says.
    ///
    /// # Errors
    ///
    /// Poison when it is no row of stock.
    pub(crate) fn read(item: Item) -> Result<Self, Failure> {
        serde_dynamo::from_item(item).map_err(Failure::permanent)
    }

    /// How the product is spread, if this is the product's own row.
    pub(crate) fn spread(self) -> Spread {
        Spread { shards: self.shards, rows: self.rows }
    }
}

/// All of a product's stock at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stock {
    /// How it is spread.
    pub(crate) spread: Spread,
    /// What is free to be sold, row by row.
    pub(crate) available: Vec<u64>,
    /// What is taken by orders under way.
    pub(crate) reserved: i64,
}

impl Stock {
    /// The stock in these rows, of which `own` is the product's own. Rows that it does not count
    /// are none of the product's.
    pub(crate) fn of(own: Row, rows: &[Option<Row>]) -> Self {
        let rows = rows.get(..usize::from(own.rows)).unwrap_or(rows);
        Self {
            spread: own.spread(),
            available: rows.iter().map(|row| row.map_or(0, |row| row.available)).collect(),
            reserved: rows.iter().flatten().map(|row| row.reserved).sum(),
        }
    }

    /// What is free to be sold in all rows.
    pub(crate) fn total(&self) -> u64 {
        self.available.iter().sum()
    }
}

/// The key of a shard's row.
pub(crate) fn key(product: &AggregateId, shard: u8) -> AttributeValue {
    AttributeValue::S(match shard {
        0 => product.to_string(),
        shard => format!("{product}#{shard}"),
    })
}

/// Whether a row is one of this product's, and then whether it is its own row.
pub(crate) fn is_own_row(item: &Item, product: &AggregateId) -> Option<bool> {
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
    fn a_row_is_known_by_its_key() {
        let (product, shorter) = (id("prod-10"), id("prod-1"));
        for (shard, own) in [(0, true), (3, false)] {
            let row = Item::from([("productId".to_owned(), key(&product, shard))]);
            assert_eq!(is_own_row(&row, &product), Some(own));
            assert_eq!(is_own_row(&row, &shorter), None);
        }
        // No product can have the id of a shard.
        AggregateId::parse(key(&product, 3).as_s().unwrap()).unwrap_err();
    }

    #[test]
    fn rows_that_the_product_does_not_count_are_none_of_its() {
        let row = |available, rows| Row { available, reserved: 1, shards: 1, rows };
        let own = row(5, 2);
        let stock = Stock::of(own, &[Some(own), None, Some(row(7, 1))]);
        assert_eq!((stock.total(), stock.reserved), (5, 1));
        assert_eq!(stock.available, [5, 0]);
        assert_eq!(stock.spread, Spread { shards: 1, rows: 2 });
    }
}

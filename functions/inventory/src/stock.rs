//! Reading stock, and the writes of which orders and commands are made.

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    operation::{
        transact_get_items::TransactGetItemsError, transact_write_items::TransactWriteItemsError,
    },
    types::{
        AttributeValue, CancellationReason, Get, ReturnValuesOnConditionCheckFailure::AllOld,
        TransactGetItem, TransactWriteItem, Update, builders::UpdateBuilder,
    },
};
use event_envelope::AggregateId;
use runtime::Failure;

use crate::{
    contention::{Cancelled, retry_on_contention},
    domain::{Part, Return},
    shard_cache::Spread,
    stock_item::{Stock, StockItem, key},
};

/// The table of stock.
#[derive(Debug, Clone)]
pub(crate) struct StockTable {
    client: Client,
    table: String,
}

impl StockTable {
    pub(crate) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// All items of a product, as they were at one moment: none when it is not stocked.
    /// `rows` is how many there may be; more are read when the product's own item counts more.
    pub(crate) async fn read(
        &self,
        product: &AggregateId,
        mut rows: u8,
    ) -> Result<Option<Stock>, Failure> {
        loop {
            let read = match rows {
                0 | 1 => vec![self.read_one(product).await?],
                rows => self.read_all(product, rows).await?,
            };
            match read.first().copied().flatten() {
                None => return Ok(None),
                // They only become more.
                Some(own) if own.rows > rows.max(1) => rows = own.rows,
                Some(own) => return Ok(Some(Stock::of(own, &read))),
            }
        }
    }

    /// A single item is read as it was at one moment for half the price.
    async fn read_one(&self, product: &AggregateId) -> Result<Option<StockItem>, Failure> {
        let request = self.client.get_item().table_name(&self.table);
        let request = request.key("productId", key(product, 0)).consistent_read(true);
        let got = request.send().await.map_err(Failure::retry)?;
        got.item.map(StockItem::read).transpose()
    }

    /// Reads are serializable with the transactions of orders: no order shows in part.
    /// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation>.
    async fn read_all(
        &self,
        product: &AggregateId,
        rows: u8,
    ) -> Result<Vec<Option<StockItem>>, Failure> {
        let get = |shard| {
            let get = Get::builder().table_name(&self.table);
            let get = built(get.key("productId", key(product, shard)).build())?;
            Ok(TransactGetItem::builder().get(get).build())
        };
        let gets: Vec<_> = (0..rows).map(get).collect::<Result<_, Failure>>()?;
        let request = self.client.transact_get_items().set_transact_items(Some(gets));
        let got = retry_on_contention(|| request.clone().send()).await?;
        let items = got.responses.unwrap_or_default().into_iter();
        items.map(|response| response.item.map(StockItem::read).transpose()).collect()
    }

    /// Takes goods out of a shard for an order, if there are enough, and if the product is spread
    /// over as many `shards` as was assumed: a wrong assumption fails the condition.
    pub(crate) fn take(
        &self,
        product: &AggregateId,
        part: Part,
        shards: u8,
    ) -> Result<Update, Failure> {
        let update = self
            .row(product, part.shard)
            .update_expression("SET #available = #available - :quantity ADD #reserved :quantity");
        built(
            enough(update, part, shards)
                .expression_attribute_names("#reserved", "reserved")
                .build(),
        )
    }

    /// Puts goods of an order back. The product's own item is created where there is none: the
    /// goods are there all the same. A shard's item has to exist, or no read would find it.
    pub(crate) fn put_back(&self, back: &Return) -> Result<Update, Failure> {
        let update = self
            .row(&back.product_id, back.shard)
            .update_expression(
                "SET #available = if_not_exists(#available, :zero) + :quantity, \
                 #reserved = if_not_exists(#reserved, :counted) - :counted",
            )
            .expression_attribute_names("#available", "available")
            .expression_attribute_names("#reserved", "reserved")
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":quantity", number(back.quantity))
            .expression_attribute_values(":counted", number(back.counted));
        built(if back.shard == 0 { update } else { there(update) }.build())
    }

    /// Counts goods as reserved no longer: they have left.
    pub(crate) fn decrement_reserved(
        &self,
        product: &AggregateId,
        part: Part,
    ) -> Result<Update, Failure> {
        let update = self
            .row(product, part.shard)
            .update_expression("SET #reserved = if_not_exists(#reserved, :quantity) - :quantity")
            .expression_attribute_names("#reserved", "reserved")
            .expression_attribute_values(":quantity", number(part.quantity));
        built(there(update).build())
    }

    /// Adds goods to a shard.
    pub(crate) fn add(&self, product: &AggregateId, part: Part) -> Result<Update, Failure> {
        let update = self
            .row(product, part.shard)
            .update_expression("SET #available = if_not_exists(#available, :zero) + :quantity")
            .expression_attribute_names("#available", "available")
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":quantity", number(part.quantity));
        built(there(update).build())
    }

    /// Takes goods out of a shard that are no order's.
    pub(crate) fn remove(
        &self,
        product: &AggregateId,
        part: Part,
        shards: u8,
    ) -> Result<Update, Failure> {
        let update = self.row(product, part.shard);
        let update = update.update_expression("SET #available = #available - :quantity");
        built(enough(update, part, shards).build())
    }

    /// Changes what a shard has by `change`, as a part of spreading the product over `then`
    /// instead of over `before`.
    pub(crate) fn rebalance(
        &self,
        product: &AggregateId,
        shard: u8,
        change: i64,
        [before, then]: [Spread; 2],
    ) -> Result<Update, Failure> {
        let mut set = "SET #available = if_not_exists(#available, :zero) + :change, \
                       #shards = :then"
            .to_owned();
        let mut update = self
            .row(product, shard)
            .expression_attribute_names("#available", "available")
            .expression_attribute_names("#shards", "shards")
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":change", number(change))
            .expression_attribute_values(":then", number(then.shards))
            .return_values_on_condition_check_failure(AllOld);
        let mut conditions = Vec::new();
        if change < 0 {
            conditions.push("#available >= :needed");
            update = update.expression_attribute_values(":needed", number(change.unsigned_abs()));
        }
        if shard == 0 {
            // No other command has added items meanwhile that this one does not count.
            set.push_str(", #rows = :rows");
            conditions.push("attribute_exists(#key)");
            conditions.push("(attribute_not_exists(#rows) OR #rows = :rowsBefore)");
            update = update
                .expression_attribute_names("#key", "productId")
                .expression_attribute_names("#rows", "rows")
                .expression_attribute_values(":rows", number(then.rows))
                .expression_attribute_values(":rowsBefore", number(before.rows));
        }
        let update = update.update_expression(set);
        let condition = Some(conditions.join(" AND ")).filter(|it| !it.is_empty());
        built(update.set_condition_expression(condition).build())
    }

    /// Moves goods of one product into the first of `parts` from the others: all of them, or
    /// nothing. Orders do not notice, for there is as much as before.
    pub(crate) async fn gather(
        &self,
        product: &AggregateId,
        parts: &[Part],
        shards: u8,
    ) -> Result<(), Failure> {
        let [first, others @ ..] = parts else { return Ok(()) };
        let quantity = others.iter().map(|part| part.quantity).sum();
        let mut writes = vec![self.add(product, Part { shard: first.shard, quantity })?];
        for part in others {
            writes.push(self.remove(product, *part, shards)?);
        }
        let writes =
            writes.into_iter().map(|update| TransactWriteItem::builder().update(update).build());
        let request = self.client.transact_write_items().set_transact_items(Some(writes.collect()));
        retry_on_contention(|| request.clone().send()).await.map(drop)
    }

    fn row(&self, product: &AggregateId, shard: u8) -> UpdateBuilder {
        Update::builder().table_name(&self.table).key("productId", key(product, shard))
    }
}

/// On condition that there are enough, and as many shards as thought.
fn enough(update: UpdateBuilder, part: Part, shards: u8) -> UpdateBuilder {
    update
        .condition_expression(
            "#available >= :quantity AND (attribute_not_exists(#shards) OR #shards = :shards)",
        )
        .expression_attribute_names("#available", "available")
        .expression_attribute_names("#shards", "shards")
        .expression_attribute_values(":quantity", number(part.quantity))
        .expression_attribute_values(":shards", number(shards))
        .return_values_on_condition_check_failure(AllOld)
}

/// On condition that the row is there.
fn there(update: UpdateBuilder) -> UpdateBuilder {
    update
        .condition_expression("attribute_exists(#key)")
        .expression_attribute_names("#key", "productId")
        .return_values_on_condition_check_failure(AllOld)
}

impl Cancelled for TransactGetItemsError {
    fn reasons(&self) -> &[CancellationReason] {
        let Self::TransactionCanceledException(cancelled) = self else { return &[] };
        cancelled.cancellation_reasons()
    }
}

impl Cancelled for TransactWriteItemsError {
    fn reasons(&self) -> &[CancellationReason] {
        let Self::TransactionCanceledException(cancelled) = self else { return &[] };
        cancelled.cancellation_reasons()
    }
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A request that lacks a member is this code's fault: no redelivery mends it.
pub(crate) fn built<T>(built: Result<T, BuildError>) -> Result<T, Failure> {
    built.map_err(Failure::permanent)
}

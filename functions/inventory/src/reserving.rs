//! Reserving all lines of an order, or none.
//!
//! An order is assumed to be in stock, and a product to be spread as it was when it was last seen:
//! each line is taken whole from one row, all of them in one transaction, and nothing is read. The
//! rows that refuse say what is otherwise, and so do reads of those products whose rows do not say
//! enough. That a product is out of stock is said of a moment at which all its rows together had
//! too little: the moment at which its only row refused, or at which all were read.

use catalogue::{InventoryReservationFailed, InventoryReserved, ReservedItem, Shortage};
use event_envelope::{AggregateId, Envelope};
use futures_util::future::try_join_all;
use idempotency::{ConditionFailed, UnitOfWork};
use runtime::Failure;

use crate::{
    domain::{Held, Holding, Part, Reservation, Short},
    handler::{Answer, Inventory, RESERVATION},
    rows::{Row, is_own_row},
    shard_cache::Spread,
    shards::{first_shard, plan},
};

/// The most rows of stock that one order takes from: a transaction has 100 actions, of which the
/// reservation and the idempotency record are two.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>.
const TAKES_MAX: usize = 98;

/// What is known of a line.
#[derive(Debug)]
enum Line {
    /// There is too little of it.
    Short(Shortage),
    /// There may be enough of it.
    Take(Take),
}

/// Where the goods of a line are taken from.
#[derive(Debug)]
struct Take {
    product_id: AggregateId,
    quantity: u32,
    parts: Vec<Part>,
    /// Over how many shards the product is thought to be spread.
    shards: u8,
}

impl Inventory {
    /// Reserves `items`, of which the rows in `refused` could not give what was asked of them.
    pub(crate) async fn reserve(
        &self,
        order: &AggregateId,
        items: &[ReservedItem],
        refused: &[ConditionFailed],
        cause: &Envelope,
    ) -> Result<UnitOfWork<Answer>, Failure> {
        let looks = items.iter().enumerate();
        let looks = looks.map(|(index, item)| self.look(order, index, item, refused));
        let (mut takes, mut shortages) = (Vec::new(), Vec::new());
        for line in try_join_all(looks).await? {
            match line {
                Line::Take(take) => takes.push(take),
                Line::Short(shortage) => shortages.push(shortage),
            }
        }
        if !shortages.is_empty() {
            return self.refuse(order, shortages, cause);
        }
        self.fit(&mut takes).await?;
        self.take(order, &takes, cause)
    }

    /// What is known of a line after `refused`.
    async fn look(
        &self,
        order: &AggregateId,
        index: usize,
        item: &ReservedItem,
        refused: &[ConditionFailed],
    ) -> Result<Line, Failure> {
        let product = &item.product_id;
        let known = self.shard_cache.of(product);
        let of_product = |it: &ConditionFailed| {
            let row = it.item.as_ref()?;
            is_own_row(row, product).map(|own| (row.clone(), own))
        };
        let Some((row, own)) = refused.iter().find_map(of_product) else {
            let missing = |it: &ConditionFailed| it.write == first_take(index) && it.item.is_none();
            // Where others refuse, what is spread is looked at as well: it may have been looked
            // at for the last try, and its first shard be too small.
            return if refused.iter().any(missing) || (known != Spread::NONE && !refused.is_empty())
            {
                self.look_at_all(order, item, known.rows).await
            } else {
                Ok(guess(order, item, known))
            };
        };
        let row = Row::read(row)?;
        let rows = row.rows.max(row.shards).max(known.rows);
        let spread = Spread { shards: row.shards, rows };
        if row.available >= u64::from(item.quantity) {
            // There is enough: the product is not spread as it was thought to be.
            self.shard_cache.learn(product, spread);
            Ok(guess(order, item, spread))
        } else if own && row.rows == 1 {
            Ok(short(item, Some(row.available)))
        } else {
            self.look_at_all(order, item, rows).await
        }
    }

    async fn look_at_all(
        &self,
        order: &AggregateId,
        item: &ReservedItem,
        rows: u8,
    ) -> Result<Line, Failure> {
        let ReservedItem { product_id, quantity } = item;
        let stock = self.stock.read(product_id, rows).await?;
        self.shard_cache.learn(product_id, stock.as_ref().map_or(Spread::NONE, |it| it.spread));
        let Some(stock) = stock else { return Ok(short(item, None)) };
        let shards = stock.spread.shards;
        let first = first_shard(order, product_id, shards);
        Ok(match plan(&stock.available, *quantity, first) {
            Some(parts) => {
                let (product_id, quantity) = (product_id.clone(), *quantity);
                Line::Take(Take { product_id, quantity, parts, shards })
            }
            None => short(item, Some(stock.total())),
        })
    }

    /// Sees to it that a transaction takes all of `takes`: of an order whose lines lie in more
    /// rows than that, those of some products are moved together first.
    async fn fit(&self, takes: &mut [Take]) -> Result<(), Failure> {
        let mut rows: usize = takes.iter().map(|take| take.parts.len()).sum();
        while rows > TAKES_MAX {
            let widest = takes.iter_mut().max_by_key(|take| take.parts.len());
            let Some(Take { product_id, quantity, parts, shards }) = widest else { break };
            let &mut [Part { shard, .. }, _, ..] = parts.as_mut_slice() else { break };
            self.stock.gather(product_id, parts, *shards).await?;
            rows -= parts.len() - 1;
            *parts = vec![Part { shard, quantity: *quantity }];
        }
        Ok(())
    }

    /// The first part of line *n* is always the write after the reservation's by *n*, so that a
    /// refusal tells the line even where no row is there to tell.
    fn take(
        &self,
        order: &AggregateId,
        takes: &[Take],
        cause: &Envelope,
    ) -> Result<UnitOfWork<Answer>, Failure> {
        let holding = Holding { items: takes.iter().map(Take::held).collect(), counted: true };
        let items = holding.reserved_items();
        let state = Reservation::Reserved(holding);
        let mut unit =
            UnitOfWork::new(Answer::Reserved).write(self.reservations.open(order, &state)?);
        let first =
            takes.iter().flat_map(|take| take.parts.iter().take(1).map(move |it| (take, it)));
        let more =
            takes.iter().flat_map(|take| take.parts.iter().skip(1).map(move |it| (take, it)));
        for (take, part) in first.chain(more) {
            unit = unit.write(self.stock.take(&take.product_id, *part, take.shards)?);
        }
        let event = InventoryReserved { order_id: order.clone(), items };
        Ok(unit.publish(self.event(event, 1, cause)?))
    }

    fn refuse(
        &self,
        order: &AggregateId,
        shortages: Vec<Shortage>,
        cause: &Envelope,
    ) -> Result<UnitOfWork<Answer>, Failure> {
        let state = Reservation::Failed(Short { shortages: shortages.clone() });
        let event = InventoryReservationFailed {
            order_id: order.clone(),
            reason: "insufficient inventory".to_owned(),
            shortages,
        };
        Ok(UnitOfWork::new(Answer::Refused)
            .write(self.reservations.open(order, &state)?)
            .publish(self.event(event, 1, cause)?))
    }
}

impl Take {
    fn held(&self) -> Held {
        let parts = match self.parts.as_slice() {
            [Part { shard: 0, .. }] => Vec::new(),
            parts => parts.to_vec(),
        };
        Held { product_id: self.product_id.clone(), quantity: self.quantity, parts }
    }
}

/// Which write takes the first part of a line.
const fn first_take(line: usize) -> usize {
    RESERVATION + 1 + line
}

/// All of a line from one row, when the product is spread as `known`.
fn guess(order: &AggregateId, item: &ReservedItem, known: Spread) -> Line {
    let ReservedItem { product_id, quantity } = item.clone();
    let shard = first_shard(order, &product_id, known.shards);
    let parts = vec![Part { shard, quantity }];
    Line::Take(Take { product_id, quantity, parts, shards: known.shards })
}

fn short(item: &ReservedItem, available: Option<u64>) -> Line {
    let ReservedItem { product_id, quantity } = item.clone();
    Line::Short(Shortage { product_id, requested: quantity, available })
}

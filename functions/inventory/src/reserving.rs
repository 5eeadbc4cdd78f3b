//! Reserving all lines of an order, or none.
//!
//! An order is assumed to be in stock, and a product to be spread as it was when it was last seen:
//! each line is taken whole from one item, all of them in one transaction, and nothing is read. The
//! items that fail their condition come back with the failure and correct the assumption; where
//! they do not suffice, the product is read. A product is out of stock if at one moment all its
//! items together had too little: when its only item failed the condition, or when all were read.
//!
//! Nothing is locked between the guess and the write. Each write carries as its condition what the
//! guess relies on, and a failed condition returns the item as it was then. Orders *A* and *B*, of
//! 3 pieces each of a product in one item, may interleave like this:
//!
//! ```text
//! A                              stock and reservations    B
//!                                5 available
//! guess: shard 0 has 3                                     guess: shard 0 has 3
//!                                2 available          ◄─── write: B reserved, 3 taken      (1)
//! write: A reserved, 3 taken ──► condition failed, nothing written                         (2)
//! decide by the item returned
//!                                9 available          ◄─── an administrator restocks 7
//! write: A failed            ──► A failed                                                  (3)
//!                                A failed             ◄─── A's cancellation                (4)
//! ```
//!
//! 1. Reservation, takes, outbox and idempotency record are one transaction: a process that ends
//!    before it has written nothing, one that ends after it is repeated as a duplicate.
//! 2. The transaction fails as a whole, so that no line of A is taken while another is not. Had the
//!    product been spread meanwhile, the number of shards in the item would have failed the
//!    condition, and A would try again with what it learns from that item.
//! 3. A was out of stock at the moment of (2). The restock comes after that moment.
//! 4. Reservation and cancellation write the same item of the reservation, and each requires it as
//!    it was read. The second fails its condition with what the first has written, and is decided
//!    anew: a cancellation that comes first leaves a tombstone, by which A then takes nothing.

use catalogue::{InventoryReservationFailed, InventoryReserved, ReservedItem, Shortage};
use event_envelope::{AggregateId, Envelope};
use futures_util::future::try_join_all;
use idempotency::{ConditionFailed, UnitOfWork};
use runtime::Failure;

use crate::{
    domain::{Held, Holding, Part, Reservation, Short},
    handler::{Answer, Inventory, RESERVATION},
    shard_cache::Spread,
    shards::{first_shard, plan},
    stock_item::{StockItem, is_own_item},
};

/// The most items of stock that one order takes from: a transaction has 100 actions, of which the
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
    /// Over how many shards the product is assumed to be spread.
    shards: u8,
}

impl Inventory {
    /// Reserves `items`, after the conditions in `failed` did not hold.
    pub(crate) async fn reserve(
        &self,
        order: &AggregateId,
        items: &[ReservedItem],
        failed: &[ConditionFailed],
        cause: &Envelope,
    ) -> Result<UnitOfWork<Answer>, Failure> {
        let lines = items.iter().enumerate();
        let lines = lines.map(|(index, item)| self.check_line(order, index, item, failed));
        let mut takes = Vec::new();
        let mut shortages = Vec::new();
        for line in try_join_all(lines).await? {
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

    /// What is known of a line after the conditions in `failed` did not hold.
    async fn check_line(
        &self,
        order: &AggregateId,
        index: usize,
        item: &ReservedItem,
        failed: &[ConditionFailed],
    ) -> Result<Line, Failure> {
        let product = &item.product_id;
        let known = self.shard_cache.of(product);
        let of_product = |condition: &ConditionFailed| {
            let stored = condition.item.as_ref()?;
            is_own_item(stored, product).map(|own| (stored.clone(), own))
        };
        let Some((stored, own)) = failed.iter().find_map(of_product) else {
            let is_missing = |condition: &ConditionFailed| {
                condition.write == first_take(index) && condition.item.is_none()
            };
            // Where other lines failed, a spread product is read as well: it may have been read
            // for the last try, and its first shard have too little.
            return if failed.iter().any(is_missing) || (known != Spread::NONE && !failed.is_empty())
            {
                self.check_all_shards(order, item, known.rows).await
            } else {
                Ok(guess(order, item, known))
            };
        };
        let stored = StockItem::read(stored)?;
        let rows = stored.rows.max(stored.shards).max(known.rows);
        let spread = Spread { shards: stored.shards, rows };
        if stored.available >= u64::from(item.quantity) {
            // There is enough: the product is not spread as it was assumed to be.
            self.shard_cache.learn(product, spread);
            Ok(guess(order, item, spread))
        } else if own && stored.rows == 1 {
            Ok(short(item, Some(stored.available)))
        } else {
            self.check_all_shards(order, item, rows).await
        }
    }

    /// What is known of a line after a read of all shards of its product at one moment.
    async fn check_all_shards(
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
                let product_id = product_id.clone();
                Line::Take(Take { product_id, quantity: *quantity, parts, shards })
            }
            None => short(item, Some(stock.total())),
        })
    }

    /// Makes `takes` fit into one transaction: where the lines of an order lie in more items than
    /// it takes, the pieces of some products are moved together first.
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
    /// failed condition identifies the line even where there is no item.
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
            takes.iter().flat_map(|take| take.parts.iter().take(1).map(move |part| (take, part)));
        let more =
            takes.iter().flat_map(|take| take.parts.iter().skip(1).map(move |part| (take, part)));
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

//! What a reservation is, and what follows from what happens to its order. Pure.

use std::ops::Not;

use catalogue::{LineItem, OrderCreated, ReservedItem, Shortage};
use event_envelope::AggregateId;
use serde::{Deserialize, Serialize};

catalogue::subscribe! {
    /// What the inventory consumes.
    pub enum InventoryEvent {
        OrderCreated,
        OrderCancelled,
        OrderShipped,
        PaymentFailed,
        ShippingFailed,
    }
}

/// What happened to an order, as far as the inventory acts on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// These goods were ordered.
    Ordered(Vec<ReservedItem>),
    /// The order is off: cancelled, not paid for, or not to be delivered.
    Cancelled,
    /// The goods have left, for good: the order is completed, and cannot be cancelled any more.
    Shipped,
}

/// The reservation of an order.
///
/// What follows from a fact, in whatever order facts come, is the table of
/// [`decide`](Self::decide):
///
/// | | ordered | cancelled | shipped |
/// |---|---|---|---|
/// | *absent* | reserve: reserved or failed | withdrawn | later |
/// | reserved | – | released | shipped |
/// | failed | – | – | dead-lettered |
/// | released | – | – | dead-lettered |
/// | shipped | – | dead-lettered | – |
/// | withdrawn | – | – | dead-lettered |
///
/// – : it has taken effect, or never will. *later*: the record is delivered again. *dead-lettered*:
/// the fact contradicts what has happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum Reservation {
    /// There is none.
    #[default]
    Absent,
    /// The goods are taken out of stock.
    Reserved(Holding),
    /// There was too little stock; nothing was taken.
    Failed(Short),
    /// The goods are back in stock.
    Released,
    /// The goods are with the carrier.
    Shipped,
    /// The order was cancelled before its creation was consumed: a tombstone, by which nothing is
    /// reserved when it is.
    Withdrawn,
}

/// What is taken out of stock for an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// One entry a product.
    pub items: Vec<Held>,
    /// Whether the items of stock count it as reserved. False for what was taken by versions that
    /// did not count, and that stays uncounted to its end.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub counted: bool,
}

/// What there was too little of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// One entry a product that is short. Empty in what versions wrote that took no tasks.
    #[serde(default)]
    pub shortages: Vec<Shortage>,
}

/// How many of a product are taken, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The product.
    pub product_id: AggregateId,
    /// How many.
    pub quantity: u32,
    /// How many of them from which shard. Empty: all of them from the product's own item, which is
    /// where versions that know no shards take from, and put back to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// Some pieces in one shard of a product. Shard 0 is the product's own item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The shard.
    pub shard: u8,
    /// How many.
    pub quantity: u32,
}

/// What goes back to one shard of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// The product.
    pub product_id: AggregateId,
    /// The shard.
    pub shard: u8,
    /// How many.
    pub quantity: u32,
    /// How many of them that item counts as reserved.
    pub counted: u32,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take all of this out of stock, or nothing.
    Reserve(Vec<ReservedItem>),
    /// Put all of this back.
    Release(Holding),
    /// Count this as reserved no longer.
    Ship(Holding),
    /// Remember that the order is off.
    Withdraw,
    /// Wait for what it follows from.
    Wait,
    /// It contradicts what has happened: needs manual intervention.
    Contradiction,
    /// It has taken effect, or never will.
    Nothing,
}

impl Reservation {
    /// What follows from `fact`, in whatever order facts come.
    pub fn decide(&self, fact: &Fact) -> Step {
        match (self, fact) {
            (Self::Absent, Fact::Ordered(items)) => Step::Reserve(items.clone()),
            (Self::Absent, Fact::Cancelled) => Step::Withdraw,
            // Goods that are not reserved are not shipped: their order is consumed later.
            (Self::Absent, Fact::Shipped) => Step::Wait,
            (Self::Reserved(holding), Fact::Cancelled) => Step::Release(holding.clone()),
            (Self::Reserved(holding), Fact::Shipped) => Step::Ship(holding.clone()),
            (Self::Shipped, Fact::Cancelled)
            | (Self::Failed(_) | Self::Released | Self::Withdrawn, Fact::Shipped) => {
                Step::Contradiction
            }
            (Self::Shipped, Fact::Shipped)
            | (Self::Failed(_) | Self::Released | Self::Withdrawn, Fact::Cancelled)
            | (
                Self::Reserved(_)
                | Self::Failed(_)
                | Self::Released
                | Self::Shipped
                | Self::Withdrawn,
                Fact::Ordered(_),
            ) => Step::Nothing,
        }
    }
}

impl Holding {
    /// What is taken, as it is published: other services know no shards.
    pub fn reserved_items(&self) -> Vec<ReservedItem> {
        let item = |held: &Held| ReservedItem {
            product_id: held.product_id.clone(),
            quantity: held.quantity,
        };
        self.items.iter().map(item).collect()
    }

    /// Every item that something is taken from, and how many from it.
    pub fn parts(&self) -> Vec<(&AggregateId, Part)> {
        let parts = |held: &Held| match held.parts.as_slice() {
            [] => vec![Part { shard: 0, quantity: held.quantity }],
            parts => parts.to_vec(),
        };
        let of = |held| parts(held).into_iter().map(|part| (&held.product_id, part));
        self.items.iter().flat_map(of).collect()
    }

    /// What goes back to which item. The part with this index is `gone` when its item is: what was
    /// taken from there goes to the product's own item, which counts nothing for it.
    pub fn returns(&self, gone: impl Fn(usize) -> bool) -> Vec<Return> {
        let mut returns: Vec<Return> = Vec::new();
        for (index, (product_id, Part { shard, quantity })) in self.parts().into_iter().enumerate()
        {
            let (shard, counted) = match gone(index) {
                true => (0, 0),
                false => (shard, if self.counted { quantity } else { 0 }),
            };
            let same = |it: &&mut Return| it.product_id == *product_id && it.shard == shard;
            match returns.iter_mut().find(same) {
                Some(there) => {
                    there.quantity = there.quantity.saturating_add(quantity);
                    there.counted = there.counted.saturating_add(counted);
                }
                None => returns.push(Return {
                    product_id: product_id.clone(),
                    shard,
                    quantity,
                    counted,
                }),
            }
        }
        returns
    }
}

impl Fact {
    /// What an event means for the inventory.
    pub fn of(event: &InventoryEvent) -> Self {
        match event {
            InventoryEvent::OrderCreated(order) => Self::ordered(order),
            InventoryEvent::OrderCancelled(_)
            | InventoryEvent::PaymentFailed(_)
            | InventoryEvent::ShippingFailed(_) => Self::Cancelled,
            // Not ShipmentCreated: a shipment may still be voided, when its order was cancelled
            // meanwhile. The order's own stream holds one of OrderShipped and OrderCancelled.
            InventoryEvent::OrderShipped(_) => Self::Shipped,
        }
    }

    /// That an order was placed.
    pub fn ordered(order: &OrderCreated) -> Self {
        Self::Ordered(merged(&order.items))
    }
}

/// One entry a product: a transaction cannot touch an item twice, and two lines of one product
/// are one demand on its stock.
fn merged(lines: &[LineItem]) -> Vec<ReservedItem> {
    let mut items: Vec<ReservedItem> = Vec::new();
    for line in lines {
        match items.iter_mut().find(|item| item.product_id == line.product_id) {
            Some(item) => item.quantity = item.quantity.saturating_add(line.quantity),
            None => items.push(ReservedItem {
                product_id: line.product_id.clone(),
                quantity: line.quantity,
            }),
        }
    }
    items
}

#[cfg(test)]
mod tests;

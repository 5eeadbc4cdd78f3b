//! What an event adds to the figures. Pure.

use std::collections::BTreeMap;

use catalogue::{LineItem, Money};
use event_envelope::Envelope;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::quarter::Quarter;

/// Stands for the currency of what has no amount: a cancellation, and events of versions that did
/// not say one. No currency has this code, for codes are three capital letters.
pub const UNKNOWN: &str = "none";

/// Over so many items the figures of a quarter and a currency are spread. At sixty orders a second,
/// each of three events, an item takes some twenty transactions a second.
pub const SHARDS: u32 = 8;

catalogue::subscribe! {
    /// What is counted.
    pub enum AnalyticsEvent {
        OrderCreated, OrderCompleted, OrderCancelled, PaymentCompleted, PaymentRefunded,
    }
}

/// What happened in some time, in one currency. Amounts are in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// The orders that were placed.
    pub placed: i64,
    /// The orders that were completed.
    pub completed: i64,
    /// The orders that were cancelled.
    pub cancelled: i64,
    /// The payments that were captured.
    pub payments: i64,
    /// What was captured.
    pub revenue: i64,
    /// The payments that went back.
    pub refunds: i64,
    /// What went back.
    pub refunded: i64,
}

impl Counts {
    /// The attribute of each count.
    pub const fn attributes(&self) -> [(&'static str, i64); 7] {
        [
            ("placed", self.placed),
            ("completed", self.completed),
            ("cancelled", self.cancelled),
            ("payments", self.payments),
            ("revenue", self.revenue),
            ("refunds", self.refunds),
            ("refunded", self.refunded),
        ]
    }

    /// Adds what `other` counts.
    pub fn add(&mut self, other: &Self) {
        let Self { placed, completed, cancelled, payments, revenue, refunds, refunded } = self;
        for (sum, part) in [
            (placed, other.placed),
            (completed, other.completed),
            (cancelled, other.cancelled),
            (payments, other.payments),
            (revenue, other.revenue),
            (refunds, other.refunds),
            (refunded, other.refunded),
        ] {
            *sum = sum.saturating_add(part);
        }
    }
}

/// What an event adds to the figures of its quarter of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The quarter in which the event happened.
    pub quarter: Quarter,
    /// The code of the currency, or [`UNKNOWN`].
    pub currency: String,
    /// Which of the items of the quarter and the currency counts it.
    pub shard: u32,
    /// What is added.
    pub counts: Counts,
    /// The minute of the quarter, from 0.
    pub minute: u8,
}

impl Addition {
    /// What `event` adds. The time is that of the event, not of its delivery, which may be days
    /// later.
    pub fn of(event: &AnalyticsEvent, envelope: &Envelope) -> Self {
        let none = Counts::default();
        let (counts, amount) = match event {
            AnalyticsEvent::OrderCreated(it) => (Counts { placed: 1, ..none }, Some(it.total)),
            AnalyticsEvent::OrderCompleted(it) => (Counts { completed: 1, ..none }, it.total),
            AnalyticsEvent::OrderCancelled(_) => (Counts { cancelled: 1, ..none }, None),
            AnalyticsEvent::PaymentCompleted(it) => {
                let revenue = it.amount.map_or(0, |amount| amount.amount);
                (Counts { payments: 1, revenue, ..none }, it.amount)
            }
            AnalyticsEvent::PaymentRefunded(it) => {
                (Counts { refunds: 1, refunded: it.amount.amount, ..none }, Some(it.amount))
            }
        };
        Self {
            quarter: Quarter::of(envelope.timestamp),
            currency: amount.map_or_else(|| UNKNOWN.to_owned(), |it| it.currency.into()),
            shard: shard(envelope.event_id.as_str()),
            counts,
            minute: Quarter::minute(envelope.timestamp),
        }
    }

    /// The attributes that grow, and by how much: the counts of the quarter, and for the board the
    /// orders and the revenue of the minute.
    pub fn changes(&self) -> Vec<(String, i64)> {
        let counts = self.counts.attributes().map(|(name, count)| (name.to_owned(), count));
        let of_minute = [
            (minute_attribute(ORDERS, self.minute), self.counts.placed),
            (minute_attribute(REVENUE, self.minute), self.counts.revenue),
        ];
        counts.into_iter().chain(of_minute).filter(|(_, change)| *change != 0).collect()
    }
}

/// What the attributes of a minute's orders begin with.
pub(crate) const ORDERS: &str = "orders";
/// What the attributes of a minute's revenue begin with.
pub(crate) const REVENUE: &str = "revenue";

/// The attribute of a count of a minute, such as `orders07`.
pub(crate) fn minute_attribute(count: &str, minute: u8) -> String {
    format!("{count}{minute:02}")
}

/// Ids are digests, so that any function of all their bytes spreads them evenly.
fn shard(id: &str) -> u32 {
    let add = |sum: u32, byte: u8| sum.wrapping_mul(31).wrapping_add(u32::from(byte));
    id.bytes().fold(0, add) % SHARDS
}

/// What an order adds to the figures of one product on the day on which it is completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// The day, in UTC.
    pub day: String,
    /// The product.
    pub product: String,
    /// The code of the currency.
    pub currency: String,
    /// How many.
    pub units: i64,
    /// What they came to, in minor units.
    pub revenue: i64,
}

/// What an order with these lines, completed at `at`, adds to the figures of products: one entry
/// for each product and currency, for no item can be in a transaction twice.
pub fn sold(lines: &[LineItem], at: OffsetDateTime) -> Vec<Sold> {
    let day = Quarter::of(at).day();
    let mut sums: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    for LineItem { product_id, quantity, unit_price: Money { amount, currency } } in lines {
        let sum = sums.entry((product_id.to_string(), (*currency).into())).or_default();
        let units = i64::from(*quantity);
        *sum = (sum.0.saturating_add(units), sum.1.saturating_add(amount.saturating_mul(units)));
    }
    let entry = |((product, currency), (units, revenue))| Sold {
        day: day.clone(),
        product,
        currency,
        units,
        revenue,
    };
    sums.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests;

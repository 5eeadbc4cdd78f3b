//! The figures of days, and the board, of what was counted in quarters of an hour. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::{
    days::Day,
    domain::{Counts, UNKNOWN},
    quarter::Quarter,
};

/// The board shows so many minutes, the one that is under way among them.
pub const BOARD_MINUTES: i64 = 60;

/// What was counted in a quarter, in a currency, by one of the items that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The quarter.
    pub quarter: Quarter,
    /// The code of the currency, or [`UNKNOWN`].
    pub currency: String,
    /// What was counted.
    pub counts: Counts,
}

/// What was counted in a minute, in a currency, by one of the items that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minute {
    /// When it began.
    pub start: OffsetDateTime,
    /// The code of the currency, or [`UNKNOWN`].
    pub currency: String,
    /// The orders that were placed.
    pub orders: i64,
    /// What was captured.
    pub revenue: i64,
}

/// The figures of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// The orders that were placed.
    pub placed: i64,
    /// The orders that were completed.
    pub completed: i64,
    /// The orders that were cancelled.
    pub cancelled: i64,
    /// The payments that were captured.
    pub payments: i64,
    /// The payments that went back.
    pub refunds: i64,
    /// The amounts, by currency.
    pub amounts: Vec<Amounts>,
}

/// What was captured and went back in one currency, in its minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    /// The currency.
    pub currency: String,
    /// What was captured.
    pub revenue: i64,
    /// What went back.
    pub refunded: i64,
    /// What was captured less what went back.
    pub net: i64,
}

/// The figures of each of `days`.
pub fn of_days(days: &[Day], cells: impl IntoIterator<Item = Cell>) -> Vec<Figures> {
    let mut sums: Vec<BTreeMap<String, Counts>> = vec![BTreeMap::new(); days.len()];
    for Cell { quarter, currency, counts } in cells {
        let day = days.iter().position(|day| day.has(quarter));
        if let Some(sums) = day.and_then(|day| sums.get_mut(day)) {
            sums.entry(currency).or_default().add(&counts);
        }
    }
    sums.into_iter().map(figures).collect()
}

fn figures(sums: BTreeMap<String, Counts>) -> Figures {
    let mut all = Counts::default();
    for counts in sums.values() {
        all.add(counts);
    }
    let Counts { placed, completed, cancelled, payments, refunds, .. } = all;
    let has_amounts = |(currency, counts): &(String, Counts)| {
        currency != UNKNOWN && (counts.payments, counts.refunds) != (0, 0)
    };
    let amounts = sums.into_iter().filter(has_amounts).map(|(currency, counts)| {
        let Counts { revenue, refunded, .. } = counts;
        Amounts { currency, revenue, refunded, net: revenue.saturating_sub(refunded) }
    });
    Figures { placed, completed, cancelled, payments, refunds, amounts: amounts.collect() }
}

/// The last hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// Each minute of it with the orders that were placed then, oldest first.
    pub minutes: Vec<(OffsetDateTime, i64)>,
    /// What was captured, by currency.
    pub revenue: BTreeMap<String, i64>,
    /// The newest minute in which anything was counted, also before the hour.
    pub newest: Option<OffsetDateTime>,
}

impl Board {
    /// The board of the hour that ends with the minute of `now`.
    pub fn of(now: OffsetDateTime, counted: impl IntoIterator<Item = Minute>) -> Self {
        let last = Quarter::of(now).start_of(Quarter::minute(now));
        let first = last - Duration::minutes(BOARD_MINUTES - 1);
        let starts = (0..BOARD_MINUTES).map(|minute| first + Duration::minutes(minute));
        let mut minutes: BTreeMap<OffsetDateTime, i64> = starts.map(|start| (start, 0)).collect();
        let (mut revenue, mut newest) = (BTreeMap::new(), None);
        for minute in counted {
            newest = newest.max(Some(minute.start));
            let Some(orders) = minutes.get_mut(&minute.start) else { continue };
            *orders = orders.saturating_add(minute.orders);
            if minute.revenue != 0 && minute.currency != UNKNOWN {
                let sum: &mut i64 = revenue.entry(minute.currency).or_default();
                *sum = sum.saturating_add(minute.revenue);
            }
        }
        Self { minutes: minutes.into_iter().collect(), revenue, newest }
    }

    /// The orders of the hour.
    pub fn orders(&self) -> i64 {
        self.minutes.iter().map(|(_, orders)| orders).sum()
    }
}

#[cfg(test)]
mod tests;

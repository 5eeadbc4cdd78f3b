//! Stock is conserved, and never negative.

use std::collections::BTreeMap;

use crate::{Finding, Snapshot, orders::Ending};

/// What is available, what is reserved and what has left make up what there was.
pub(crate) fn is_conserved(snapshot: &Snapshot) -> Vec<Finding> {
    let mut held: BTreeMap<&str, i64> = BTreeMap::new();
    for reservation in snapshot.reservations.values().filter(|it| it.holds_stock()) {
        for item in &reservation.items {
            *held.entry(&item.product_id).or_default() += item.quantity;
        }
    }
    let mut findings = Vec::new();
    for (product, stocked) in snapshot.stocked.iter() {
        let available = snapshot.available.get(product).copied().unwrap_or_default();
        let reserved = held.get(product.as_str()).copied().unwrap_or_default();
        if available.saturating_add(reserved) != *stocked {
            let sum =
                format!("{available} available and {reserved} reserved or shipped of {stocked}");
            findings.push(Finding::new(product, sum));
        }
    }
    findings
}

/// What was moved is what operators were told was moved; what none of them got an answer to may be
/// part of it.
pub(crate) fn adds_up(snapshot: &Snapshot) -> Vec<Finding> {
    let mut asked: BTreeMap<&str, (i64, i64, i64)> = BTreeMap::new();
    for product in snapshot.moved.keys() {
        asked.entry(product).or_default();
    }
    for restocking in snapshot.restocked.iter() {
        let (confirmed, least, most) = asked.entry(&restocking.product).or_default();
        let pieces = restocking.pieces;
        if restocking.is_confirmed {
            *confirmed = confirmed.saturating_add(pieces);
        } else {
            *least = least.saturating_add(pieces.min(0));
            *most = most.saturating_add(pieces.max(0));
        }
    }
    let wrong = asked.into_iter().filter_map(|(product, (confirmed, least, most))| {
        let moved = snapshot.moved.get(product).copied().unwrap_or_default();
        let range = confirmed.saturating_add(least)..=confirmed.saturating_add(most);
        let what = || format!("{moved} moved, {confirmed} confirmed");
        (!range.contains(&moved)).then(|| Finding::new(product, what()))
    });
    wrong.collect()
}

/// There is never less than nothing.
pub(crate) fn is_never_negative(snapshot: &Snapshot) -> Vec<Finding> {
    let negative = snapshot.available.iter().filter(|(_, available)| **available < 0);
    negative.map(|(product, available)| Finding::new(product, available)).collect()
}

/// The goods of a completed order have left, and a cancelled one holds none. An order that was
/// cancelled before the inventory consumed it has a tombstone: no reservation is missing.
pub(crate) fn follows_the_order(snapshot: &Snapshot) -> Vec<Finding> {
    let status = |order: &str| snapshot.reservations.get(order).map(|it| it.status.as_str());
    snapshot
        .orders()
        .filter_map(|order| match (order.ending()?, status(order.id)) {
            (Ending::Completed, Some("shipped"))
            | (Ending::Cancelled, Some("failed" | "released" | "withdrawn")) => None,
            (ending, status) => Some(Finding::new(
                order.id,
                format!("{ending:?}, but its reservation is {}", status.unwrap_or("missing")),
            )),
        })
        .collect()
}

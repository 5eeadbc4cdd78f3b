//! Stock is conserved, and never negative.

use std::collections::BTreeMap;

use super::{Evidence, Finding, orders::Ending};

/// What is available, what is reserved and what has left make up what there was.
pub(super) fn is_conserved(evidence: &Evidence) -> Vec<Finding> {
    let mut held: BTreeMap<&str, i64> = BTreeMap::new();
    for reservation in evidence.reservations.values().filter(|it| it.holds_stock()) {
        for item in &reservation.items {
            *held.entry(&item.product_id).or_default() += item.quantity;
        }
    }
    let mut findings = Vec::new();
    for (product, stocked) in &evidence.stocked {
        let available = evidence.available.get(product).copied().unwrap_or_default();
        let reserved = held.get(product.as_str()).copied().unwrap_or_default();
        if available.saturating_add(reserved) != *stocked {
            let sum =
                format!("{available} available and {reserved} reserved or shipped of {stocked}");
            findings.push(Finding::new(product, sum));
        }
    }
    findings
}

/// There is never less than nothing.
pub(super) fn is_never_negative(evidence: &Evidence) -> Vec<Finding> {
    let negative = evidence.available.iter().filter(|(_, available)| **available < 0);
    negative.map(|(product, available)| Finding::new(product, available)).collect()
}

/// An order that is off holds no stock, and one that is completed does.
pub(super) fn follows_the_order(evidence: &Evidence) -> Vec<Finding> {
    let status = |order: &str| evidence.reservations.get(order).map(|it| it.status.as_str());
    evidence
        .orders()
        .filter_map(|order| match (order.ending()?, status(order.id)) {
            (Ending::Completed, Some("reserved" | "shipped"))
            | (Ending::Cancelled, None | Some("failed" | "released" | "withdrawn")) => None,
            (ending, status) => Some(Finding::new(
                order.id,
                format!("{ending:?}, but its reservation is {}", status.unwrap_or("missing")),
            )),
        })
        .collect()
}

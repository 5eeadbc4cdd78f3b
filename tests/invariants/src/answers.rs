//! What customers and operators are shown.

use std::collections::BTreeMap;

use crate::{Finding, Shown, Snapshot};

/// How far an order is with a status; nothing, if there is no such status.
fn progress(status: &str) -> Option<u8> {
    match status {
        "processing" => Some(0),
        "created" => Some(1),
        "paid" => Some(2),
        "shipped" => Some(3),
        "completed" | "cancelled" => Some(4),
        _ => None,
    }
}

/// Whether `later` is behind `earlier`, or contradicts it.
fn goes_back(earlier: &Shown, later: &Shown) -> bool {
    let (before, after) = (progress(&earlier.status), progress(&later.status));
    later.version < earlier.version
        || after < before
        || (after == before && later.status != earlier.status)
}

/// No customer is shown less of an order than before. Lists, which have no version, may be behind.
pub(crate) fn never_go_back(snapshot: &Snapshot) -> Vec<Finding> {
    let mut last: BTreeMap<(&str, &str), &Shown> = BTreeMap::new();
    let mut findings = Vec::new();
    for shown in snapshot.shown.iter().filter(|it| it.version.is_some()) {
        let before = last.insert((&shown.customer, &shown.order), shown);
        if let Some(before) = before.filter(|before| goes_back(before, shown)) {
            let text = |it: &Shown| format!("{} {}", it.status, it.version.unwrap_or_default());
            let what = format!("{} after {}", text(shown), text(before));
            findings.push(Finding::new(&shown.order, what));
        }
    }
    findings
}

/// Each customer is shown orders that name that customer.
pub(crate) fn show_own_orders(snapshot: &Snapshot) -> Vec<Finding> {
    let owner = |order: &str| {
        let created = snapshot.streams.get(order).and_then(|events| events.first());
        created.and_then(|event| event.data["userId"].as_str())
    };
    let others = snapshot.shown.iter().filter(|it| owner(&it.order) != Some(it.customer.as_str()));
    others.map(|it| Finding::new(&it.order, format!("shown to {}", it.customer))).collect()
}

/// What was resumed has ended.
pub(crate) fn leave_no_review(snapshot: &Snapshot) -> Vec<Finding> {
    snapshot.reviews.iter().map(|step| Finding::new(step, "still waits for an operator")).collect()
}

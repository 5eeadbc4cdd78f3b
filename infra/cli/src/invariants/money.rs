//! Money moves once in each direction, and only for good reason.

use provider_stubs::EntryKind;

use super::{Evidence, Finding, orders::Ending};

/// The gateway's ledger has at most one capture of an order.
pub(super) fn is_captured_once(evidence: &Evidence) -> Vec<Finding> {
    let captures = evidence.moved(EntryKind::Capture);
    let twice = captures.into_iter().filter(|(_, (count, _))| *count > 1);
    twice.map(|(order, (count, _))| Finding::new(order, format!("{count} captures"))).collect()
}

/// No more went back than had been taken.
pub(super) fn refunds_stay_within_captures(evidence: &Evidence) -> Vec<Finding> {
    let captures = evidence.moved(EntryKind::Capture);
    let taken = |order: &str| captures.get(order).map_or(0, |(_, amount)| *amount);
    let refunds = evidence.moved(EntryKind::Refund).into_iter();
    refunds
        .filter(|(order, (_, amount))| *amount > taken(order))
        .map(|(order, (_, amount))| {
            Finding::new(order, format!("{amount} refunded of {}", taken(order)))
        })
        .collect()
}

/// What was captured is what the order costs.
pub(super) fn is_the_orders_total(evidence: &Evidence) -> Vec<Finding> {
    let captures = evidence.moved(EntryKind::Capture);
    let totals = |order: &str| evidence.order(order)?.total();
    captures
        .into_iter()
        .filter(|(order, (_, amount))| totals(order) != Some(*amount))
        .map(|(order, (_, amount))| {
            Finding::new(order, format!("{amount} captured, costs {:?}", totals(order)))
        })
        .collect()
}

/// Nobody is charged for what was never reserved.
pub(super) fn follows_a_reservation(evidence: &Evidence) -> Vec<Finding> {
    let was_reserved = |order: &str| {
        let reservation = evidence.reservations.get(order);
        reservation.is_some_and(|it| it.holds_stock() || it.status == "released")
    };
    let charged = evidence.moved(EntryKind::Capture).into_keys();
    charged
        .filter(|order| !was_reserved(order))
        .map(|order| Finding::new(order, "charged without a reservation"))
        .collect()
}

/// A cancelled order has its money back, and a completed one is paid for.
pub(super) fn follows_the_order(evidence: &Evidence) -> Vec<Finding> {
    let captures = evidence.moved(EntryKind::Capture);
    let refunds = evidence.moved(EntryKind::Refund);
    let amount = |sums: &std::collections::BTreeMap<&str, (usize, u64)>, order: &str| {
        sums.get(order).map_or(0, |(_, amount)| *amount)
    };
    evidence
        .orders()
        .filter_map(|order| {
            let kept = amount(&captures, order.id).saturating_sub(amount(&refunds, order.id));
            let due = match order.ending()? {
                Ending::Completed => order.total().unwrap_or_default(),
                Ending::Cancelled => 0,
            };
            let ending = order.ending()?;
            (kept != due)
                .then(|| Finding::new(order.id, format!("{ending:?}, and {kept} of it was kept")))
        })
        .collect()
}

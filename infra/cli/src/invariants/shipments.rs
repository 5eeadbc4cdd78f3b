//! What is shipped is paid for and wanted.

use std::collections::BTreeMap;

use provider_stubs::{EntryKind, ShipmentStatus};

use super::{Evidence, Finding, orders::Ending};

/// The shipments that go out, by order.
fn live(evidence: &Evidence) -> BTreeMap<&str, usize> {
    let mut live: BTreeMap<&str, usize> = BTreeMap::new();
    for shipment in evidence.shipments.iter().filter(|it| it.status == ShipmentStatus::Created) {
        *live.entry(&shipment.reference).or_default() += 1;
    }
    live
}

/// An order is shipped once.
pub(super) fn go_out_once(evidence: &Evidence) -> Vec<Finding> {
    let twice = live(evidence).into_iter().filter(|(_, count)| *count > 1);
    twice.map(|(order, count)| Finding::new(order, format!("{count} shipments"))).collect()
}

/// Nothing goes out that is not paid for.
pub(super) fn follow_a_capture(evidence: &Evidence) -> Vec<Finding> {
    let captures = evidence.moved(EntryKind::Capture);
    let unpaid = live(evidence).into_keys().filter(|order| !captures.contains_key(order));
    unpaid.map(|order| Finding::new(order, "shipped without a capture")).collect()
}

/// Nothing goes out for a cancelled order, and one shipment for a completed one.
pub(super) fn follow_the_order(evidence: &Evidence) -> Vec<Finding> {
    let live = live(evidence);
    evidence
        .orders()
        .filter_map(|order| {
            let shipped = live.contains_key(order.id);
            let ending = order.ending()?;
            let wanted = ending == Ending::Completed;
            let what = if shipped { "a shipment goes out" } else { "nothing goes out" };
            (shipped != wanted).then(|| Finding::new(order.id, format!("{ending:?}, but {what}")))
        })
        .collect()
}

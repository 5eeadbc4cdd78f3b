//! What is shipped is paid for and wanted.

use std::collections::BTreeMap;

use provider_stubs::{EntryKind, ShipmentStatus};

use crate::{Finding, Snapshot, orders::Ending};

/// The shipments that go out, by order.
fn live(snapshot: &Snapshot) -> BTreeMap<&str, usize> {
    let mut live: BTreeMap<&str, usize> = BTreeMap::new();
    for shipment in snapshot.shipments.iter().filter(|it| it.status == ShipmentStatus::Created) {
        *live.entry(&shipment.reference).or_default() += 1;
    }
    live
}

/// An order is shipped once.
pub(crate) fn go_out_once(snapshot: &Snapshot) -> Vec<Finding> {
    let twice = live(snapshot).into_iter().filter(|(_, count)| *count > 1);
    twice.map(|(order, count)| Finding::new(order, format!("{count} shipments"))).collect()
}

/// Nothing is given to the carrier that is not paid for, even if it is voided later.
pub(crate) fn follow_a_capture(snapshot: &Snapshot) -> Vec<Finding> {
    let captures = snapshot.moved(EntryKind::Capture);
    let orders = snapshot.shipments.iter().map(|shipment| shipment.reference.as_str());
    let unpaid = orders.filter(|order| !captures.contains_key(order));
    unpaid.map(|order| Finding::new(order, "shipped without a capture")).collect()
}

/// Nothing goes out for a cancelled order, and one shipment for a completed one.
pub(crate) fn follow_the_order(snapshot: &Snapshot) -> Vec<Finding> {
    let live = live(snapshot);
    snapshot
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

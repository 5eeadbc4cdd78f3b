//! Streams of events are whole, append-only and come to an end; the read model follows them.

use crate::{Finding, Snapshot, orders};

/// Each order's events are numbered from 1 without gaps, and their keys say so too.
pub(crate) fn are_gapless(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    for order in snapshot.orders() {
        for (event, expected) in order.events.iter().zip(1_u64..) {
            if event.sequence_number != expected || event.aggregate_id.as_str() != order.id {
                let what = format!(
                    "event {} of {} at {expected}",
                    event.sequence_number, event.aggregate_id
                );
                findings.push(Finding::new(order.id, what));
                break;
            }
        }
    }
    findings
}

/// What was stored was never changed or removed.
pub(crate) fn are_append_only(snapshot: &Snapshot) -> Vec<Finding> {
    snapshot.tampered.iter().map(|what| Finding::new("order-events", what)).collect()
}

/// Every order ends, completed or cancelled, and nothing comes after its end but an operator who
/// resumes its compensation.
pub(crate) fn end(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    for order in snapshot.orders() {
        let mut rest = order.events.iter().skip_while(|it| orders::ending_of(it).is_none());
        let ends = rest.next().is_some();
        if !ends || rest.any(|it| it.event_type != "OrderResumed") {
            let types: Vec<_> = order.events.iter().map(|it| it.event_type.as_str()).collect();
            findings.push(Finding::new(order.id, types.join(", ")));
        }
    }
    findings
}

/// Every order that was acknowledged to a customer is stored.
pub(crate) fn hold_what_was_acknowledged(snapshot: &Snapshot) -> Vec<Finding> {
    let lost = snapshot.acknowledged.iter().filter(|id| !snapshot.streams.contains_key(*id));
    lost.map(|id| Finding::new(id, "acknowledged, but not stored")).collect()
}

/// An order whose cancellation was acknowledged did not go on.
pub(crate) fn end_as_confirmed(snapshot: &Snapshot) -> Vec<Finding> {
    let ending = |id: &str| snapshot.order(id)?.ending();
    let others =
        snapshot.cancelled.iter().filter(|id| ending(id) != Some(orders::Ending::Cancelled));
    others.map(|id| Finding::new(id, format!("cancelled, but {:?}", ending(id)))).collect()
}

/// The read model has folded each stream to its end.
pub(crate) fn agree_with_the_read_model(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    for order in snapshot.orders() {
        let expected = (order.status(), order.events.last().map(|it| it.sequence_number));
        let shown = snapshot.views.get(order.id);
        let shown = shown.map_or((None, None), |view| (view.status.as_deref(), view.version));
        if shown != expected {
            findings.push(Finding::new(order.id, format!("shows {shown:?}, is {expected:?}")));
        }
    }
    let unknown = snapshot.views.keys().filter(|id| !snapshot.streams.contains_key(*id));
    findings.extend(unknown.map(|id| Finding::new(id, "shown, but there is no such order")));
    findings
}

//! Streams of events are whole, append-only and come to an end; the read model follows them.

use super::{Evidence, Finding, orders};

/// Each order's events are numbered from 1 without gaps, and their keys say so too.
pub(super) fn are_gapless(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for order in evidence.orders() {
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
pub(super) fn are_append_only(evidence: &Evidence) -> Vec<Finding> {
    evidence.tampered.iter().map(|what| Finding::new("order-events", what)).collect()
}

/// Every order ends, completed or cancelled, and nothing comes after its end but an operator who
/// has its compensation go on.
pub(super) fn end(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for order in evidence.orders() {
        let mut rest = order.events.iter().skip_while(|it| orders::ending_of(it).is_none());
        let ends = rest.next().is_some();
        if !ends || rest.any(|it| it.event_type != "OrderResumed") {
            let types: Vec<_> = order.events.iter().map(|it| it.event_type.as_str()).collect();
            findings.push(Finding::new(order.id, types.join(", ")));
        }
    }
    findings
}

/// Every order that a customer was told is placed is stored.
pub(super) fn hold_what_was_acknowledged(evidence: &Evidence) -> Vec<Finding> {
    let lost = evidence.acknowledged.iter().filter(|id| !evidence.streams.contains_key(*id));
    lost.map(|id| Finding::new(id, "acknowledged, but not stored")).collect()
}

/// The read model has folded each stream to its end.
pub(super) fn agree_with_the_read_model(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for order in evidence.orders() {
        let expected = (order.status(), order.events.last().map(|it| it.sequence_number));
        let shown = evidence.views.get(order.id);
        let shown = shown.map_or((None, None), |view| (view.status.as_deref(), view.version));
        if shown != expected {
            findings.push(Finding::new(order.id, format!("shows {shown:?}, is {expected:?}")));
        }
    }
    let unknown = evidence.views.keys().filter(|id| !evidence.streams.contains_key(*id));
    findings.extend(unknown.map(|id| Finding::new(id, "shown, but there is no such order")));
    findings
}

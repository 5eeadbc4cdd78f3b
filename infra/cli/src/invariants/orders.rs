//! What each order's own stream says about it.

use std::collections::BTreeMap;

use event_envelope::Envelope;

use super::{Evidence, Finding};

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Completed,
    Cancelled,
}

/// The ending that an event is, if it is one.
pub(super) fn ending_of(event: &Envelope) -> Option<Ending> {
    match event.event_type.as_str() {
        "OrderCompleted" => Some(Ending::Completed),
        "OrderCancelled" => Some(Ending::Cancelled),
        _ => None,
    }
}

/// An order.
pub(super) struct Order<'e> {
    pub(super) id: &'e str,
    pub(super) events: &'e [Envelope],
}

impl Order<'_> {
    pub(super) fn ending(&self) -> Option<Ending> {
        self.events.iter().find_map(ending_of)
    }

    /// What it costs, in minor units.
    pub(super) fn total(&self) -> Option<u64> {
        self.events.first()?.data["total"]["amount"].as_u64()
    }

    /// The status that the read model should show.
    pub(super) fn status(&self) -> Option<&'static str> {
        self.events.iter().rev().find_map(|event| match event.event_type.as_str() {
            "OrderCreated" => Some("created"),
            "OrderPaid" => Some("paid"),
            "OrderShipped" => Some("shipped"),
            "OrderCompleted" => Some("completed"),
            "OrderCancelled" => Some("cancelled"),
            // What was late, or resumed, has no status of its own.
            _ => None,
        })
    }
}

/// The figures add up to the completed orders and their totals.
pub(super) fn are_counted_once(evidence: &Evidence) -> Vec<Finding> {
    let completed = evidence.orders().filter(|it| it.ending() == Some(Ending::Completed));
    let (mut orders, mut amount) = (0_u64, 0_u64);
    for order in completed {
        orders += 1;
        amount += order.total().unwrap_or_default();
    }
    let counted: u64 = evidence.figures.iter().map(|it| it.orders).sum();
    let summed: u64 = evidence.figures.iter().map(|it| it.amount).sum();
    let what = format!("{counted} orders of {summed}, completed are {orders} of {amount}");
    let differs = (counted, summed) != (orders, amount);
    differs.then(|| Finding::new("order-figures", what)).into_iter().collect()
}

impl Evidence {
    pub(super) fn order(&self, id: &str) -> Option<Order<'_>> {
        self.streams.get_key_value(id).map(|(id, events)| Order { id, events })
    }

    pub(super) fn orders(&self) -> impl Iterator<Item = Order<'_>> {
        self.streams.iter().map(|(id, events)| Order { id, events })
    }

    /// The sums of the ledger's entries of one kind, by order: how many, and how much.
    pub(super) fn moved(&self, kind: provider_stubs::EntryKind) -> BTreeMap<&str, (usize, u64)> {
        let mut sums: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
        for entry in self.ledger.iter().filter(|entry| entry.kind == kind) {
            let sum = sums.entry(entry.order_id.as_deref().unwrap_or("no order")).or_default();
            *sum = (sum.0 + 1, sum.1 + entry.amount);
        }
        sums
    }
}

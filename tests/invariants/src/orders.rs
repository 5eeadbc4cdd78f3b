//! What each order's own stream shows.

use std::collections::BTreeMap;

use event_envelope::Envelope;
use provider_stubs::EntryKind;

use crate::Snapshot;

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By `OrderCompleted`.
    Completed,
    /// By `OrderCancelled`.
    Cancelled,
}

/// The ending that an event is, if it is one.
pub fn ending_of(event: &Envelope) -> Option<Ending> {
    match event.event_type.as_str() {
        "OrderCompleted" => Some(Ending::Completed),
        "OrderCancelled" => Some(Ending::Cancelled),
        _ => None,
    }
}

/// An order.
pub(crate) struct Order<'e> {
    pub(crate) id: &'e str,
    pub(crate) events: &'e [Envelope],
}

impl Order<'_> {
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.events.iter().find_map(ending_of)
    }

    /// What it costs, in minor units.
    pub(crate) fn total(&self) -> Option<u64> {
        self.events.first()?.data["total"]["amount"].as_u64()
    }

    /// The status that the read model should show.
    pub(crate) fn status(&self) -> Option<&'static str> {
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

impl Snapshot {
    pub(crate) fn order(&self, id: &str) -> Option<Order<'_>> {
        self.streams.get_key_value(id).map(|(id, events)| Order { id, events })
    }

    pub(crate) fn orders(&self) -> impl Iterator<Item = Order<'_>> {
        self.streams.iter().map(|(id, events)| Order { id, events })
    }

    /// The sums of the ledger's entries of one kind, by order: how many, and how much.
    pub(crate) fn moved(&self, kind: EntryKind) -> BTreeMap<&str, (usize, u64)> {
        let mut sums: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
        for entry in self.ledger.iter().filter(|entry| entry.kind == kind) {
            let sum = sums.entry(entry.order_id.as_deref().unwrap_or("no order")).or_default();
            *sum = (sum.0 + 1, sum.1 + entry.amount);
        }
        sums
    }
}

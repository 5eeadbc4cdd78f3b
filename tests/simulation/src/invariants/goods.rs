//! Stock, money and parcels.

use std::collections::BTreeMap;

use provider_stubs::{EntryKind, ShipmentStatus};
use serde_json::Value;

use super::{Broken, Ending, ending, total};
use crate::evidence::Evidence;

/// Whether a reservation's goods are not available to others.
fn holds_stock(reservation: &Value) -> bool {
    matches!(reservation["status"].as_str(), Some("reserved" | "shipped"))
}

pub(super) fn stock_is_conserved(evidence: &Evidence) -> Broken {
    let mut held: BTreeMap<&str, i64> = BTreeMap::new();
    for reservation in evidence.reservations.values().filter(|it| holds_stock(it)) {
        for item in reservation["items"].as_array().into_iter().flatten() {
            let product = item["productId"].as_str().unwrap_or_default();
            *held.entry(product).or_default() += item["quantity"].as_i64().unwrap_or_default();
        }
    }
    let mut broken = Vec::new();
    for (product, stocked) in &evidence.stocked {
        let available = evidence.available.get(*product).copied().unwrap_or_default();
        let held = held.get(product).copied().unwrap_or_default();
        if available < 0 || available + held != *stocked {
            broken.push(format!("{product}: {available} available and {held} held of {stocked}"));
        }
    }
    broken
}

pub(super) fn stock_follows_the_order(evidence: &Evidence) -> Broken {
    let mut broken = Vec::new();
    for (order, events) in &evidence.streams {
        let status = evidence.reservations.get(order).and_then(|it| it["status"].as_str());
        let fits = match ending(events) {
            None => true,
            Some(Ending::Completed) => status == Some("shipped"),
            Some(Ending::Cancelled) => {
                matches!(status, Some("failed" | "released" | "withdrawn"))
            }
        };
        if !fits {
            let ending = ending(events);
            broken.push(format!("{order} is {ending:?}, its reservation {status:?}"));
        }
    }
    broken
}

/// How often money of each order moved in one direction, and how much.
fn moved(evidence: &Evidence, kind: EntryKind) -> BTreeMap<&str, (usize, u64)> {
    let mut sums: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for entry in evidence.ledger.iter().filter(|it| it.kind == kind) {
        let sum = sums.entry(entry.order_id.as_deref().unwrap_or("no order")).or_default();
        *sum = (sum.0 + 1, sum.1 + entry.amount);
    }
    sums
}

pub(super) fn money_moves_once(evidence: &Evidence) -> Broken {
    let captures = moved(evidence, EntryKind::Capture);
    let mut broken = Vec::new();
    for (order, (count, amount)) in &captures {
        let costs = evidence.streams.get(*order).map_or(0, |it| total(it));
        if *count > 1 || *amount != costs {
            broken.push(format!("{order} costs {costs}: {count} captures of {amount}"));
        }
        let status = evidence.reservations.get(*order).and_then(|it| it["status"].as_str());
        if !matches!(status, Some("reserved" | "shipped" | "released")) {
            broken.push(format!("{order} was charged, its reservation is {status:?}"));
        }
    }
    for (order, (_, amount)) in moved(evidence, EntryKind::Refund) {
        let taken = captures.get(order).map_or(0, |(_, amount)| *amount);
        if amount > taken {
            broken.push(format!("{order}: {amount} refunded of {taken}"));
        }
    }
    broken
}

pub(super) fn money_follows_the_order(evidence: &Evidence) -> Broken {
    let captures = moved(evidence, EntryKind::Capture);
    let refunds = moved(evidence, EntryKind::Refund);
    let mut broken = Vec::new();
    for (order, events) in &evidence.streams {
        let sum =
            |sums: &BTreeMap<&str, (usize, u64)>| sums.get(order.as_str()).map_or(0, |it| it.1);
        let kept = sum(&captures).saturating_sub(sum(&refunds));
        let due = match ending(events) {
            None => continue,
            Some(Ending::Completed) => total(events),
            Some(Ending::Cancelled) => 0,
        };
        if kept != due {
            broken.push(format!("{order} is {:?}, and {kept} was kept", ending(events)));
        }
    }
    broken
}

pub(super) fn parcels_follow_the_order(evidence: &Evidence) -> Broken {
    let captures = moved(evidence, EntryKind::Capture);
    let mut live: BTreeMap<&str, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    for parcel in &evidence.shipments {
        if !captures.contains_key(parcel.reference.as_str()) {
            broken.push(format!("{} was shipped without a capture", parcel.reference));
        }
        if parcel.status == ShipmentStatus::Created {
            *live.entry(&parcel.reference).or_default() += 1;
        }
    }
    for (order, events) in &evidence.streams {
        let parcels = live.get(order.as_str()).copied().unwrap_or_default();
        let wanted = match ending(events) {
            None => continue,
            Some(Ending::Completed) => 1,
            Some(Ending::Cancelled) => 0,
        };
        if parcels != wanted {
            broken.push(format!("{order} is {:?}, with {parcels} parcels", ending(events)));
        }
    }
    broken
}

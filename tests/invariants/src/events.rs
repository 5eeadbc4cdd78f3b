//! Stored means published and the other way round; every event knows where it comes from, and
//! none gives away a person's identity.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::source;
use event_envelope::DEPTH_MAX;
use serde_json::json;

use crate::{Finding, Published, Snapshot, Stored, TimelineEntry};

fn ids(snapshot: &Snapshot) -> BTreeSet<&str> {
    snapshot.published.iter().map(|it| it.envelope.event_id.as_str()).collect()
}

/// Everything that a service has stored to be published was published.
pub(crate) fn stored_are_published(snapshot: &Snapshot) -> Vec<Finding> {
    let published = ids(snapshot);
    let missing = snapshot.stored.iter().filter(|(id, _)| !published.contains(id.as_str()));
    missing
        .map(|(id, Stored { table, envelope })| {
            Finding::new(id, format!("{} in {table}, never published", envelope.event_type))
        })
        .collect()
}

/// What was published was stored to be published, and in the same words; an event of the order
/// service also in the order's stream.
pub(crate) fn published_are_stored(snapshot: &Snapshot) -> Vec<Finding> {
    let stored: BTreeSet<&str> =
        snapshot.streams.values().flatten().map(|event| event.event_id.as_str()).collect();
    let mut findings = Vec::new();
    for Published { envelope, .. } in snapshot.published.iter() {
        let id = envelope.event_id.as_str();
        let is_stored = envelope.source != source::ORDER || stored.contains(id);
        let what = match snapshot.stored.get(id) {
            Some(it) if it.envelope != *envelope => "published otherwise than it is stored",
            Some(_) if is_stored => continue,
            _ => "published, but not stored",
        };
        findings.push(Finding::new(id, format!("{}: {what}", envelope.event_type)));
    }
    findings.extend(snapshot.foreign.iter().map(|event| Finding::new("not an event", event)));
    findings
}

/// All events of an order have one correlation id.
pub(crate) fn keep_their_correlation(snapshot: &Snapshot) -> Vec<Finding> {
    let mut by_order: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in snapshot.published.iter() {
        let correlation = event.envelope.correlation_id.as_str();
        by_order.entry(event.order_id()).or_default().insert(correlation);
    }
    let split = by_order.into_iter().filter(|(_, ids)| ids.len() > 1);
    split
        .map(|(order, ids)| Finding::new(order, format!("{} correlation ids", ids.len())))
        .collect()
}

/// The event that led to another is on the bus too.
pub(crate) fn have_real_causes(snapshot: &Snapshot) -> Vec<Finding> {
    let published = ids(snapshot);
    let events = snapshot.published.iter().map(|it| &it.envelope);
    events
        .filter_map(|event| {
            let cause = event.causation_id.as_ref()?.as_str();
            let what = || format!("{} follows from the unknown {cause}", event.event_type);
            (!published.contains(cause)).then(|| Finding::new(event.event_id.as_str(), what()))
        })
        .collect()
}

/// The timeline of an order is what was published of it: each event of its correlation once, with
/// its cause, and nothing else.
pub(crate) fn are_in_one_timeline(snapshot: &Snapshot) -> Vec<Finding> {
    let published = snapshot.published.iter().map(|it| {
        let event = &it.envelope;
        TimelineEntry {
            order_id: it.order_id().to_owned(),
            event_id: event.event_id.to_string(),
            event_type: event.event_type.clone(),
            caused_by: event.causation_id.as_ref().map(ToString::to_string),
            correlation_id: event.correlation_id.to_string(),
        }
    });
    let mut missing: BTreeMap<String, TimelineEntry> =
        published.map(|entry| (entry.event_id.clone(), entry)).collect();
    let mut findings = Vec::new();
    for entry in snapshot.timelines.iter() {
        if missing.remove(&entry.event_id).as_ref() != Some(entry) {
            let what = "there twice, or not as it was published";
            findings.push(Finding::new(&entry.order_id, format!("{}: {what}", entry.event_type)));
        }
    }
    findings.extend(missing.into_values().map(|entry| {
        Finding::new(&entry.order_id, format!("{} is not in the timeline", entry.event_type))
    }));
    findings
}

/// No chain of causes goes on and on.
pub(crate) fn stay_shallow(snapshot: &Snapshot) -> Vec<Finding> {
    let deep = snapshot.published.iter().filter(|it| it.envelope.metadata.depth > DEPTH_MAX);
    deep.map(|it| Finding::new(it.envelope.event_id.as_str(), it.envelope.metadata.depth)).collect()
}

/// No customer's address stands in an event.
pub(crate) fn name_no_address(snapshot: &Snapshot) -> Vec<Finding> {
    let published = snapshot.published.iter().map(|it| &it.envelope);
    let stored = snapshot.stored.values().map(|it| &it.envelope);
    let texts = published.chain(stored).map(|envelope| json!(envelope).to_string());
    given_away(snapshot, texts.chain(snapshot.foreign.iter().cloned()))
}

/// No customer's address stands in a log.
pub(crate) fn log_no_address(snapshot: &Snapshot) -> Vec<Finding> {
    given_away(snapshot, snapshot.logs.iter().cloned())
}

fn given_away(snapshot: &Snapshot, texts: impl Iterator<Item = String>) -> Vec<Finding> {
    let texts = texts.filter(|text| snapshot.addresses.iter().any(|it| text.contains(it)));
    texts.map(|text| Finding::new("an address", text)).collect()
}

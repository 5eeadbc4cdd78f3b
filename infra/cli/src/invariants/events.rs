//! Stored means published and the other way round; every event knows where it comes from, and
//! none gives away who somebody is.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::source;
use event_envelope::DEPTH_MAX;

use super::{Evidence, Finding};

fn ids(evidence: &Evidence) -> BTreeSet<&str> {
    evidence.published.iter().map(|it| it.envelope.event_id.as_str()).collect()
}

/// Whatever a service has stored to be said was said.
pub(super) fn stored_are_published(evidence: &Evidence) -> Vec<Finding> {
    let published = ids(evidence);
    let unsaid = evidence.said.iter().filter(|(id, _)| !published.contains(id.as_str()));
    unsaid.map(|(id, table)| Finding::new(id, format!("in {table}, never published"))).collect()
}

/// What was published was stored, by the order service as an event and by the others as something
/// to say.
pub(super) fn published_are_stored(evidence: &Evidence) -> Vec<Finding> {
    let stored: BTreeSet<&str> =
        evidence.streams.values().flatten().map(|event| event.event_id.as_str()).collect();
    let is_stored = |id: &str, from: &str| match from {
        source::ORDER => stored.contains(id),
        _ => evidence.said.contains_key(id),
    };
    let events = evidence.published.iter().map(|it| &it.envelope);
    let unstored = events.filter(|it| !is_stored(it.event_id.as_str(), &it.source));
    let mut findings: Vec<Finding> =
        unstored.map(|it| Finding::new(it.event_id.as_str(), &it.event_type)).collect();
    findings.extend(evidence.foreign.iter().map(|event| Finding::new("not an event", event)));
    findings
}

/// All events of an order have one correlation id.
pub(super) fn keep_their_correlation(evidence: &Evidence) -> Vec<Finding> {
    let mut by_order: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in &evidence.published {
        let correlation = event.envelope.correlation_id.as_str();
        by_order.entry(event.order_id()).or_default().insert(correlation);
    }
    let split = by_order.into_iter().filter(|(_, ids)| ids.len() > 1);
    split
        .map(|(order, ids)| Finding::new(order, format!("{} correlation ids", ids.len())))
        .collect()
}

/// The event that led to another is on the bus too.
pub(super) fn have_real_causes(evidence: &Evidence) -> Vec<Finding> {
    let published = ids(evidence);
    let events = evidence.published.iter().map(|it| &it.envelope);
    events
        .filter_map(|event| {
            let cause = event.causation_id.as_ref()?.as_str();
            let what = || format!("{} follows from the unknown {cause}", event.event_type);
            (!published.contains(cause)).then(|| Finding::new(event.event_id.as_str(), what()))
        })
        .collect()
}

/// No chain of causes goes on and on.
pub(super) fn stay_shallow(evidence: &Evidence) -> Vec<Finding> {
    let deep = evidence.published.iter().filter(|it| it.envelope.metadata.depth > DEPTH_MAX);
    deep.map(|it| Finding::new(it.envelope.event_id.as_str(), it.envelope.metadata.depth)).collect()
}

/// No customer's address stands in an event or a log.
pub(super) fn name_nobody(evidence: &Evidence) -> Vec<Finding> {
    let names_somebody =
        |text: &&String| evidence.addresses.iter().any(|address| text.contains(address));
    let given_away = evidence.suspects.iter().filter(names_somebody);
    given_away.map(|text| Finding::new("an address", text)).collect()
}

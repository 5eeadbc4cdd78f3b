//! `PutEvents`: accepts, archives, matches, hands over.

use std::sync::Arc;

use local_core::AwsError;
use serde_json::Value;

use crate::{
    archive::Arrived,
    dispatch,
    entry::{self, Outcome, Refusal},
    requests::{Entry, PutEvents},
    state::Inner,
};

/// Carries out `PutEvents`.
pub(crate) fn put_events(bus: &Arc<Inner>, request: PutEvents) -> Result<Value, AwsError> {
    let entries = entry::entries(request)?;
    Ok(entry::response(entries.iter().map(|entry| put(bus, entry)).collect()))
}

fn put(inner: &Arc<Inner>, entry: &Entry) -> Outcome {
    let now = inner.options.clock.now();
    let (id, event) = entry::accept(entry, now)?;
    let (bus, value) = (entry::bus_name(entry), event.value());
    if !inner.resources.buses.contains_key(bus) {
        // AWS accepts the event, and no consumer ever gets it.
        // Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>.
        tracing::error!(bus, %id, "an event was dropped: there is no such event bus");
        inner.counters.put.add_one();
        inner.counters.dropped.add_one();
        return Ok(id);
    }
    let rules = inner.matching(bus, &value, |_| true);
    let needed = inner.deliveries(&rules);
    let places = Arc::clone(&inner.places).try_acquire_many_owned(needed);
    let Ok(places) = places else { return Err(Refusal::throttled()) };
    let number = inner.arrivals.next_number();
    for archive in inner.resources.archives.values().filter(|it| it.wants(bus, &value)) {
        archive.keep(Arrived { at: now, number, event: event.clone() });
    }
    inner.counters.put.add_one();
    dispatch::start(inner, &event, &rules, places);
    Ok(id)
}

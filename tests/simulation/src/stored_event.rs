//! Events that a world stored or published.

use std::{collections::BTreeMap, fmt};

use event_envelope::Envelope;
use invariants::Snapshot;

use crate::sim::{BEGINNING, Writer};

/// An event that a process stored to be published, or that is on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// When it was stored, or else when the bus took it, in milliseconds since the beginning.
    pub millisecond: u64,
    /// The process that stored it, such as `payment#2`.
    pub process: String,
    /// When the bus first took it, in milliseconds; never, if it is lost.
    pub published_at: Option<u64>,
    /// The order that it is about.
    pub order: String,
    /// What happened.
    pub event_type: String,
    /// Its id.
    pub id: String,
    /// The id of the event that caused it.
    pub cause: Option<String>,
}

impl fmt::Display for StoredEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { millisecond, process, order, event_type, id, .. } = self;
        let cause = self.cause.as_deref().unwrap_or("nothing");
        write!(f, "{millisecond} {order} {event_type} {id} by {process} because of {cause}")?;
        if self.published_at.is_none() {
            f.write_str(", never published")?;
        }
        Ok(())
    }
}

/// Every event of a world, in the order of time.
pub(crate) fn events(snapshot: &Snapshot, writers: &BTreeMap<String, Writer>) -> Vec<StoredEvent> {
    let mut published_at = BTreeMap::new();
    let mut envelopes: BTreeMap<&str, &Envelope> = BTreeMap::new();
    for event in snapshot.published.iter() {
        let id = event.envelope.event_id.as_str();
        let at = (event.at - BEGINNING).whole_milliseconds();
        published_at.insert(id, u64::try_from(at).unwrap_or_default());
        envelopes.insert(id, &event.envelope);
    }
    let stored = snapshot.stored.values().map(|stored| &stored.envelope);
    let streams = snapshot.streams.values().flatten();
    envelopes.extend(stored.chain(streams).map(|it| (it.event_id.as_str(), it)));
    let event = |(id, envelope): (&str, &Envelope)| {
        let published_at = published_at.get(id).copied();
        let writer = writers.get(id);
        let order = envelope.data["orderId"].as_str();
        StoredEvent {
            millisecond: writer.map(|it| it.millisecond).or(published_at).unwrap_or_default(),
            process: writer.map_or_else(|| envelope.source.to_string(), |it| it.process.clone()),
            published_at,
            order: order.unwrap_or(envelope.aggregate_id.as_str()).to_owned(),
            event_type: envelope.event_type.to_string(),
            id: id.to_owned(),
            cause: envelope.causation_id.as_ref().map(|it| it.as_str().to_owned()),
        }
    };
    let mut events: Vec<StoredEvent> = envelopes.into_iter().map(event).collect();
    events.sort_by_key(|event| event.millisecond);
    events
}

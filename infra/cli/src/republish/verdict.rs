//! What the row of an order proves.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use catalogue::Event;
use event_envelope::{Envelope, FromEnvelope};
use projector::view::Section;

/// Whether an event was published, as far as the read models and the archive prove it.
///
/// The projector consumes every event. A section of a row stands at the sequence number of the last
/// event that changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its section stands at this very event: it was on the bus.
    Published,
    /// Its section is not that far: the projector has not seen it, or it is still on its way.
    Missing,
    /// Its section is further, by an event that may have skipped it. Or it is the order's own
    /// section, which is pulled from the event store as well.
    Unprovable,
}

/// The rows of some orders.
#[derive(Debug, Default)]
pub(super) struct Known(pub(super) HashMap<String, HashMap<String, AttributeValue>>);

impl Known {
    /// What they prove of `event`.
    pub(super) fn verdict(&self, event: &Envelope) -> Verdict {
        let Ok(domain_event) = Event::from_envelope(event) else { return Verdict::Unprovable };
        let section = Section::of(&domain_event);
        let row = self.0.get(domain_event.order_id().as_str());
        let version = row.and_then(|row| row.get(section.version())?.as_n().ok()?.parse().ok());
        let version: u64 = version.unwrap_or_default();
        if version < event.sequence_number {
            Verdict::Missing
        } else if version == event.sequence_number && section != Section::Order {
            Verdict::Published
        } else {
            Verdict::Unprovable
        }
    }
}

/// The order that `event` is about, if it is one of this system.
pub(super) fn order_of(event: &Envelope) -> Option<String> {
    Event::from_envelope(event).ok().map(|it| it.order_id().to_string())
}

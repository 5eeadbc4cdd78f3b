//! Archives: what was put on a bus, kept in memory for its retention.

use std::collections::VecDeque;

use local_event_pattern::Pattern;
use parking_lot::Mutex;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::{event::Event, spec::ArchiveSpec};

/// An event that an archive kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ArchivedEvent {
    /// When it arrived, finer than the event's own `time`.
    pub at: OffsetDateTime,
    /// The event.
    pub event: Value,
}

/// One archive.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) spec: ArchiveSpec,
    pattern: Option<Pattern>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// In the order of arrival.
    events: VecDeque<Arrived>,
    bytes: usize,
}

/// An event and its arrival.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) at: OffsetDateTime,
    /// The number of the event among all that were put.
    pub(crate) number: u64,
    pub(crate) event: Event,
}

impl Archive {
    pub(crate) fn new(spec: ArchiveSpec, pattern: Option<Pattern>) -> Self {
        Self { spec, pattern, kept: Mutex::default() }
    }

    /// Whether this archive keeps events of `bus` like `value`.
    pub(crate) fn wants(&self, bus: &str, value: &Value) -> bool {
        self.spec.bus == bus && self.pattern.as_ref().is_none_or(|it| it.matches(value))
    }

    /// Keeps an event, and lets go of those whose time is over.
    pub(crate) fn keep(&self, arrived: Arrived) {
        let mut kept = self.kept.lock();
        self.expire(&mut kept, arrived.at);
        kept.bytes += arrived.event.json.len();
        kept.events.push_back(arrived);
    }

    /// What is kept at `now`.
    pub(crate) fn at(&self, now: OffsetDateTime) -> Vec<Arrived> {
        let mut kept = self.kept.lock();
        self.expire(&mut kept, now);
        kept.events.iter().cloned().collect()
    }

    /// How many events are kept at `now`, and how many bytes of JSON they are.
    pub(crate) fn size(&self, now: OffsetDateTime) -> (usize, usize) {
        let mut kept = self.kept.lock();
        self.expire(&mut kept, now);
        (kept.events.len(), kept.bytes)
    }

    fn expire(&self, kept: &mut Kept, now: OffsetDateTime) {
        if self.spec.retention_days == 0 {
            return;
        }
        let retention = Duration::days(i64::from(self.spec.retention_days));
        while let Some(expired) = kept.events.pop_front_if(|it| now - it.at > retention) {
            kept.bytes -= expired.event.json.len();
        }
    }
}

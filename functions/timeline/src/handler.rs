//! One event in, one item out.

use catalogue::Event;
use event_envelope::Delivery;
use lambda::EventHandler;
use runtime::{Clock, Done, Failure};
use time::Duration;

use crate::{Table, domain::Entry};

/// Keeps the events.
#[derive(Debug, Clone)]
pub struct Timeline {
    table: Table,
    clock: Clock,
    retention: Option<Duration>,
}

impl Timeline {
    /// Keeps events in `table`: for `retention` from when it was written, or for ever.
    pub const fn new(table: Table, clock: Clock, retention: Option<Duration>) -> Self {
        Self { table, clock, retention }
    }
}

impl EventHandler for Timeline {
    type Event = Event;

    /// Writes one event.
    ///
    /// The item itself is the record of what was handled: every delivery of an event writes the
    /// same.
    ///
    /// # Errors
    ///
    /// Retry when the table is unavailable.
    async fn handle(&self, delivery: Delivery<Event>) -> Result<Done, Failure> {
        let Delivery { envelope, event, .. } = delivery;
        let entry = Entry::of(&event, &envelope);
        let expires = self.retention.map(|retention| self.clock.now() + retention);
        let is_new = self.table.put(&entry, expires).await?;
        Ok(if is_new { Done::Handled } else { Done::Duplicate })
    }
}

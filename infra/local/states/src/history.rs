//! What has happened in an execution, event by event.

mod event;

use time::OffsetDateTime;

pub(crate) use self::event::{Event, Happening, TaskEvent};
use crate::limits::EVENTS_MAX;

/// The events of one execution. Ids count from 1.
#[derive(Debug, Default)]
pub(crate) struct History(Vec<Event>);

/// There is room only for how the execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl History {
    /// Adds an event that followed from the event `previous`, and returns its id.
    ///
    /// # Errors
    ///
    /// When the one place that is left is for how the execution ended.
    pub(crate) fn add(
        &mut self,
        at: OffsetDateTime,
        previous: u64,
        happening: Happening,
    ) -> Result<u64, Full> {
        if self.0.len() + 1 >= EVENTS_MAX {
            return Err(Full);
        }
        Ok(self.push(at, previous, happening))
    }

    /// Adds the last event.
    pub(crate) fn close(&mut self, at: OffsetDateTime, previous: u64, happening: Happening) {
        self.push(at, previous, happening);
    }

    fn push(&mut self, at: OffsetDateTime, previous: u64, happening: Happening) -> u64 {
        let id = self.0.len() as u64 + 1;
        self.0.push(Event { id, previous, at, happening });
        id
    }

    pub(crate) fn events(&self) -> &[Event] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::{Full, Happening, History};
    use crate::limits::EVENTS_MAX;

    #[test]
    fn the_last_place_is_for_the_end() {
        let mut history = History::default();
        let at = OffsetDateTime::UNIX_EPOCH;
        let branch = || Happening::ParallelStateStarted;
        let ids: Vec<_> = (1..EVENTS_MAX).map(|_| history.add(at, 0, branch())).collect();
        assert_eq!(ids.last(), Some(&Ok(24_999)));
        assert_eq!(history.add(at, 0, branch()), Err(Full));
        history.close(at, 0, branch());
        assert_eq!(history.events().last().map(|event| event.id), Some(25_000));
    }
}

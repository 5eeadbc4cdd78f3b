//! What a FIFO queue remembers of the last five minutes.

use std::collections::{HashMap, VecDeque};

use tokio::time::Instant;

use crate::limits::DEDUPLICATION;

/// The messages sent within the deduplication interval, by deduplication id. A message is
/// remembered although it was received and deleted in the meantime.
#[derive(Debug, Default)]
pub(crate) struct Deduplication {
    originals: HashMap<String, Original>,
    /// In the order of their ends, since all are remembered equally long.
    ends: VecDeque<(Instant, String)>,
}

/// The message that a later one is a duplicate of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Original {
    pub(crate) message_id: String,
    pub(crate) sequence_number: Option<String>,
}

impl Deduplication {
    pub(crate) fn recall(&mut self, id: &str, now: Instant) -> Option<&Original> {
        while let Some((_, forgotten)) = self.ends.pop_front_if(|(end, _)| *end <= now) {
            self.originals.remove(&forgotten);
        }
        self.originals.get(id)
    }

    /// Remembers an id that [`Self::recall`] did not know.
    pub(crate) fn remember(&mut self, id: String, original: Original, now: Instant) {
        self.ends.push_back((now + DEDUPLICATION, id.clone()));
        self.originals.insert(id, original);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::{Deduplication, Original};
    use crate::limits::DEDUPLICATION;

    #[test]
    fn an_id_is_known_for_five_minutes() {
        let start = Instant::now();
        let original = Original { message_id: "m".to_owned(), sequence_number: None };
        let mut deduplication = Deduplication::default();
        assert_eq!(deduplication.recall("d", start), None);
        deduplication.remember("d".to_owned(), original.clone(), start);
        let last = start + DEDUPLICATION - std::time::Duration::from_millis(1);
        assert_eq!(deduplication.recall("d", last), Some(&original));
        assert_eq!(deduplication.recall("d", start + DEDUPLICATION), None);
        assert!(deduplication.originals.is_empty());
    }
}

//! Who is next: the order in which the messages of a queue are received.

mod groups;

use std::collections::{BTreeMap, HashMap};

use self::groups::Groups;

/// The visible messages of a queue in the order of their turn.
///
/// Every message of a queue has a key, ascending in the order of arrival.
#[derive(Debug)]
pub(crate) enum Line {
    Standard(Turns),
    Fifo(Groups),
}

impl Line {
    pub(crate) fn new(fifo: bool) -> Self {
        if fifo { Self::Fifo(Groups::default()) } else { Self::Standard(Turns::default()) }
    }

    /// A new message, not to be received yet.
    pub(crate) fn delay(&mut self, key: u64, group: &str) {
        match self {
            // What is not visible has no turn.
            Self::Standard(_) => {}
            Self::Fifo(groups) => groups.delay(key, group),
        }
    }

    /// A message that can be received now: new, or no longer delayed or in flight.
    pub(crate) fn show(&mut self, key: u64, group: &str) {
        match self {
            Self::Standard(turns) => turns.show(key),
            Self::Fifo(groups) => groups.show(key, group),
        }
    }

    /// A message that cannot be received any more for now: its receiver keeps it on.
    pub(crate) fn hold(&mut self, key: u64, group: &str) {
        match self {
            Self::Standard(turns) => turns.remove(key),
            Self::Fifo(groups) => groups.hold(key, group),
        }
    }

    /// The message that the next [`Self::take`] begins with.
    pub(crate) fn first(&self) -> Option<u64> {
        match self {
            Self::Standard(turns) => turns.waiting.values().next().copied(),
            Self::Fifo(groups) => groups.first(),
        }
    }

    /// Takes up to `max` messages, which are in flight from now on.
    pub(crate) fn take(&mut self, max: usize) -> Vec<u64> {
        match self {
            Self::Standard(turns) => turns.take(max),
            Self::Fifo(groups) => groups.take(max),
        }
    }

    /// A message that has left the queue.
    pub(crate) fn remove(&mut self, key: u64, group: &str) {
        match self {
            Self::Standard(turns) => turns.remove(key),
            Self::Fifo(groups) => groups.remove(key, group),
        }
    }

    /// How many messages, or groups of a FIFO queue, the next receive can choose from.
    pub(crate) fn open(&self) -> usize {
        match self {
            Self::Standard(turns) => turns.waiting.len(),
            Self::Fifo(groups) => groups.open(),
        }
    }
}

/// The line of a standard queue: a message that becomes visible again goes to the end, so that
/// one that fails over and over does not hold up the others.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    next: u64,
    /// Keys by turn.
    waiting: BTreeMap<u64, u64>,
    /// Turns by key.
    turns: HashMap<u64, u64>,
}

impl Turns {
    fn show(&mut self, key: u64) {
        self.remove(key);
        self.waiting.insert(self.next, key);
        self.turns.insert(key, self.next);
        self.next += 1;
    }

    fn take(&mut self, max: usize) -> Vec<u64> {
        let mut keys = Vec::with_capacity(max.min(self.waiting.len()));
        while keys.len() < max
            && let Some((_, key)) = self.waiting.pop_first()
        {
            self.turns.remove(&key);
            keys.push(key);
        }
        keys
    }

    fn remove(&mut self, key: u64) {
        if let Some(turn) = self.turns.remove(&key) {
            self.waiting.remove(&turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn a_message_that_comes_back_queues_up_behind_those_that_wait() {
        let mut line = Line::new(false);
        for key in 1..=3 {
            line.show(key, "");
        }
        assert_eq!(line.take(1), [1]);
        line.show(1, "");
        line.remove(2, "");
        assert_eq!(line.open(), 2);
        assert_eq!(line.take(10), [3, 1]);
        assert_eq!(line.open(), 0);
    }
}

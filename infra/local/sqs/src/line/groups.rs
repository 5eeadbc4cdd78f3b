//! The line of a FIFO queue: one line per message group.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Strict order within each group, no order among groups: nothing of a group is taken while
/// something that came before it is in flight or delayed.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: HashMap<Arc<str>, Group>,
    /// The groups that can be taken from, by the key of their first message.
    open: BTreeMap<u64, Arc<str>>,
}

#[derive(Debug, Default)]
struct Group {
    waiting: BTreeSet<u64>,
    delayed: BTreeSet<u64>,
    in_flight: BTreeSet<u64>,
    /// The key under which the group is open.
    listed: Option<u64>,
}

impl Group {
    /// The message whose turn it is.
    fn head(&self) -> Option<u64> {
        self.waiting.first().copied().filter(|first| *first < self.held_from())
    }

    /// The first message that is delayed or in flight: it holds up those that came after it.
    fn held_from(&self) -> u64 {
        let held = [&self.delayed, &self.in_flight].map(|held| held.first().copied());
        held.into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    fn forget(&mut self, key: u64) {
        self.waiting.remove(&key);
        self.delayed.remove(&key);
        self.in_flight.remove(&key);
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.delayed.is_empty() && self.in_flight.is_empty()
    }
}

impl Groups {
    pub(super) fn delay(&mut self, key: u64, group: &str) {
        self.change(group, |group| {
            group.delayed.insert(key);
        });
    }

    pub(super) fn show(&mut self, key: u64, group: &str) {
        self.change(group, |group| {
            group.forget(key);
            group.waiting.insert(key);
        });
    }

    /// A message that waits no longer: its consumer holds it on.
    pub(super) fn hold(&mut self, key: u64, group: &str) {
        self.change(group, |group| {
            group.forget(key);
            group.in_flight.insert(key);
        });
    }

    pub(super) fn remove(&mut self, key: u64, group: &str) {
        self.change(group, |group| group.forget(key));
    }

    /// As many as possible of one group before the next, as SQS does.
    pub(super) fn take(&mut self, max: usize) -> Vec<u64> {
        let mut keys = Vec::new();
        while keys.len() < max
            && let Some((_, name)) = self.open.pop_first()
        {
            let Some(group) = self.groups.get_mut(&name) else { continue };
            group.listed = None;
            let held_from = group.held_from();
            while keys.len() < max
                && let Some(key) = group.waiting.first().copied()
                && key < held_from
            {
                group.waiting.remove(&key);
                group.in_flight.insert(key);
                keys.push(key);
            }
        }
        keys
    }

    pub(super) fn first(&self) -> Option<u64> {
        self.open.keys().next().copied()
    }

    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// Changes a group and brings the list of open groups up to date with it.
    fn change(&mut self, name: &str, change: impl FnOnce(&mut Group)) {
        let name = match self.groups.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(name),
        };
        let group = self.groups.entry(Arc::clone(&name)).or_default();
        change(group);
        let head = group.head();
        if head != group.listed {
            if let Some(listed) = group.listed {
                self.open.remove(&listed);
            }
            if let Some(head) = head {
                self.open.insert(head, Arc::clone(&name));
            }
            group.listed = head;
        }
        if group.is_empty() {
            self.groups.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Groups;

    #[test]
    fn a_group_gives_nothing_while_one_of_it_is_in_flight() {
        let mut groups = Groups::default();
        for (key, group) in [(1, "a"), (2, "a"), (3, "b"), (4, "a")] {
            groups.show(key, group);
        }
        assert_eq!(groups.take(2), [1, 2]);
        assert_eq!(groups.take(10), [3]);
        assert!(groups.take(10).is_empty());
        groups.remove(1, "a");
        assert_eq!(groups.open(), 0);
        groups.show(2, "a");
        assert_eq!(groups.take(10), [2, 4]);
    }

    #[test]
    fn what_comes_back_is_taken_up_to_what_is_still_in_flight() {
        let mut groups = Groups::default();
        for key in 1..=4 {
            groups.show(key, "a");
        }
        assert_eq!(groups.take(3), [1, 2, 3]);
        groups.show(3, "a");
        assert!(groups.take(10).is_empty());
        groups.show(1, "a");
        assert_eq!(groups.take(10), [1]);
        groups.hold(3, "a");
        groups.show(2, "a");
        assert!(groups.take(10).is_empty());
        groups.remove(1, "a");
        assert_eq!(groups.take(10), [2]);
    }

    #[test]
    fn a_delayed_message_is_not_overtaken() {
        let mut groups = Groups::default();
        groups.show(1, "a");
        groups.delay(2, "a");
        groups.show(3, "a");
        assert_eq!(groups.take(10), [1]);
        groups.remove(1, "a");
        assert_eq!(groups.open(), 0);
        groups.show(2, "a");
        assert_eq!(groups.take(10), [2, 3]);
    }

    #[test]
    fn an_empty_group_leaves_nothing_behind() {
        let mut groups = Groups::default();
        groups.show(1, "a");
        groups.remove(1, "a");
        assert!(groups.groups.is_empty());
        assert!(groups.open.is_empty());
    }
}

//! The order of a timeline. Pure.

use std::collections::{BTreeMap, BTreeSet};

use event_envelope::EventId;

use super::Entry;

/// The place of an entry among those that nothing holds back.
type Key<'a> = (&'a str, &'a str, u64, &'a EventId);

/// The entries by time, but each after the event that caused it, after those before it in its own
/// service's history, and after the order's first: clocks differ, causes do not.
///
/// What `entries` hold alone decides, and not in which order they are given. Should causes go round
/// in a circle, the earliest entry that waits comes first.
pub fn in_order(entries: Vec<Entry>) -> Vec<Entry> {
    let mut by_id: BTreeMap<EventId, Entry> =
        entries.into_iter().map(|entry| (entry.event_id.clone(), entry)).collect();
    let mut waiting = Waiting::of(&by_id);
    let order: Vec<EventId> = std::iter::from_fn(|| waiting.take().cloned()).collect();
    order.into_iter().filter_map(|id| by_id.remove(&id)).collect()
}

/// Entries that are not placed yet.
struct Waiting<'a> {
    /// Those that wait for nothing, by time.
    ready: BTreeSet<Key<'a>>,
    /// Those that wait for others, by time, with how many they wait for.
    held: BTreeMap<Key<'a>, usize>,
    /// Who waits for an entry.
    followers: BTreeMap<&'a EventId, Vec<Key<'a>>>,
}

impl<'a> Waiting<'a> {
    fn of(entries: &'a BTreeMap<EventId, Entry>) -> Self {
        let mut histories: BTreeMap<(&str, u64), &EventId> = BTreeMap::new();
        for entry in entries.values() {
            histories.insert((&entry.service, entry.sequence), &entry.event_id);
        }
        // Nothing happens to an order before it is placed, also where causes have not arrived.
        let first = entries.values().find(|entry| entry.customer.is_some());
        let first = first.map(|entry| &entry.event_id);
        let mut followers: BTreeMap<&EventId, Vec<Key<'a>>> = BTreeMap::new();
        let (mut ready, mut held) = (BTreeSet::new(), BTreeMap::new());
        for entry in entries.values() {
            let key = key(entry);
            let service = entry.service.as_str();
            let before = histories.range((service, 0)..(service, entry.sequence));
            let previous = before.last().map(|(_, id)| *id);
            let cause = entry.caused_by.as_ref().filter(|cause| entries.contains_key(cause));
            let awaited = [cause, previous, first].into_iter().flatten();
            let awaited: BTreeSet<_> = awaited.filter(|id| **id != entry.event_id).collect();
            for id in &awaited {
                followers.entry(id).or_default().push(key);
            }
            if awaited.is_empty() {
                ready.insert(key);
            } else {
                held.insert(key, awaited.len());
            }
        }
        Self { ready, held, followers }
    }

    /// The earliest that waits for nothing; if each waits, the earliest of all.
    fn take(&mut self) -> Option<&'a EventId> {
        let first = self.ready.pop_first().or_else(|| Some(self.held.pop_first()?.0))?;
        let (.., id) = first;
        for follower in self.followers.remove(id).unwrap_or_default() {
            let Some(count) = self.held.get_mut(&follower) else { continue };
            *count -= 1;
            if *count == 0 {
                self.held.remove(&follower);
                self.ready.insert(follower);
            }
        }
        Some(id)
    }
}

fn key(entry: &Entry) -> Key<'_> {
    (&entry.at, &entry.service, entry.sequence, &entry.event_id)
}

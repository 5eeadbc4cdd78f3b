//! One queue: where each of its messages stands and until when.
//!
//! A queue reads no clock; the moment comes with each call, and [`Queue::advance`] carries out
//! what has fallen due since the last one. Every step costs the logarithm of the queue's length.

mod entry;
mod held;
mod send;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use local_core::AwsError;
use tokio::{sync::Notify, time::Instant};

pub(crate) use self::entry::{Delivery, Entry, Message, Place};
use crate::{
    clock::Now,
    deduplication::Deduplication,
    error,
    limits::{IN_FLIGHT_MAX, PURGE_INTERVAL},
    line::Line,
    message::{Depth, PeekedMessage},
    receipt::Receipt,
    spec::QueueSpec,
};

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) spec: QueueSpec,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) created_ms: u64,
    pub(crate) modified_ms: u64,
    /// Wakes the receivers that wait for a message.
    pub(crate) news: Arc<Notify>,
    pub(crate) deduplication: Deduplication,
    /// Tells a queue from an earlier one of the same name.
    serial: u64,
    next_key: u64,
    entries: BTreeMap<u64, Entry>,
    line: Line,
    /// When a message that is delayed or in flight becomes visible.
    timers: BTreeSet<(Instant, u64)>,
    /// When each message began its retention.
    ages: BTreeSet<(Instant, u64)>,
    in_flight: usize,
    purged: Option<Instant>,
}

/// What a receive took out of the line.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) delivered: Vec<Delivery>,
    /// Received too often already: no longer in this queue, to be put into another.
    pub(crate) exhausted: Vec<Entry>,
}

/// What a waiting receiver cares about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prospect {
    open: usize,
    next_timer: Option<Instant>,
}

impl Prospect {
    /// Whether those who wait must look again, or sleep less long.
    pub(crate) fn better_than(self, before: Self) -> bool {
        let sooner = match (self.next_timer, before.next_timer) {
            (Some(after), Some(before)) => after < before,
            (after, None) => after.is_some(),
            (None, Some(_)) => false,
        };
        self.open > before.open || sooner
    }
}

impl Queue {
    pub(crate) fn new(spec: QueueSpec, serial: u64, now: Now) -> Self {
        Self {
            line: Line::new(spec.fifo),
            spec,
            tags: BTreeMap::new(),
            created_ms: now.wall_ms,
            modified_ms: now.wall_ms,
            news: Arc::default(),
            deduplication: Deduplication::default(),
            serial,
            next_key: 0,
            entries: BTreeMap::new(),
            timers: BTreeSet::new(),
            ages: BTreeSet::new(),
            in_flight: 0,
            purged: None,
        }
    }

    /// Shows what has become visible and drops what has outlived its retention.
    pub(crate) fn advance(&mut self, now: Instant) {
        while let Some((until, key)) = self.timers.first().copied()
            && until <= now
        {
            self.timers.remove(&(until, key));
            self.show(key);
        }
        while let Some((since, key)) = self.ages.first().copied()
            && since + self.spec.retention <= now
        {
            self.remove(key);
        }
    }

    pub(crate) fn prospect(&self) -> Prospect {
        Prospect { open: self.line.open(), next_timer: self.next_timer() }
    }

    /// When the next message becomes visible by itself.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.timers.first().map(|(until, _)| *until)
    }

    /// Puts an entry at the end of the queue.
    pub(crate) fn push(&mut self, entry: Entry, delay: Duration, now: Instant) {
        let key = self.next_key;
        self.next_key += 1;
        self.ages.insert((entry.since, key));
        let group = entry.message.group();
        let place = if delay.is_zero() {
            self.line.show(key, group);
            Place::Visible
        } else {
            let until = now + delay;
            self.line.delay(key, group);
            self.timers.insert((until, key));
            Place::Delayed { until }
        };
        self.entries.insert(key, Entry { place, ..entry });
    }

    /// Takes up to `max` messages for `visibility`. Those that were received `receives_max`
    /// times in this queue leave it instead.
    pub(crate) fn receive(
        &mut self,
        max: usize,
        visibility: Duration,
        receives_max: Option<u32>,
        now: Now,
    ) -> Taken {
        let mut taken = Taken::default();
        let max = max.min(IN_FLIGHT_MAX.saturating_sub(self.in_flight));
        while taken.delivered.len() < max {
            let keys = self.line.take(max - taken.delivered.len());
            if keys.is_empty() {
                break;
            }
            for key in keys {
                let Some(entry) = self.entries.get_mut(&key) else { continue };
                if receives_max.is_some_and(|most| entry.receives_here >= most) {
                    taken.exhausted.extend(self.remove(key));
                    continue;
                }
                let until = now.instant + visibility;
                entry.receives += 1;
                entry.receives_here += 1;
                entry.first_received_ms.get_or_insert(now.wall_ms);
                entry.held_since = Some(now.instant);
                entry.place = Place::InFlight { until };
                self.in_flight += 1;
                self.timers.insert((until, key));
                let receive = entry.receives_here;
                let receipt = Receipt { queue: self.serial, key, receive };
                taken.delivered.push(Delivery::new(entry, receipt));
            }
        }
        taken
    }

    /// Deletes every message.
    pub(crate) fn purge(&mut self, now: Instant) -> Result<(), AwsError> {
        if self.purged.is_some_and(|last| now < last + PURGE_INTERVAL) {
            let name = &self.spec.name;
            let message = format!(
                "Only one PurgeQueue operation on {name} is allowed every 60 \
                                   seconds."
            );
            return Err(error::purge_in_progress(message));
        }
        self.purged = Some(now);
        // What was sent before is forgotten, so that the same ids are new again.
        self.deduplication = Deduplication::default();
        while let Some((key, _)) = self.entries.first_key_value() {
            self.remove(*key);
        }
        Ok(())
    }

    /// The message that the next receive would begin with.
    pub(crate) fn first(&self) -> Option<&Message> {
        self.entries.get(&self.line.first()?).map(|entry| &*entry.message)
    }

    /// Takes out the message that the next receive would begin with.
    pub(crate) fn take_first(&mut self) -> Option<Entry> {
        self.remove(self.line.first()?)
    }

    pub(crate) fn depth(&self) -> Depth {
        let delayed = self.timers.len() - self.in_flight;
        let visible = self.entries.len() - self.timers.len();
        Depth { visible, in_flight: self.in_flight, delayed }
    }

    /// Every message, in the order of arrival.
    pub(crate) fn peek(&self) -> Vec<PeekedMessage> {
        self.entries.values().map(Entry::peeked).collect()
    }

    /// Whatever the message was, it can be received now. Its timer is gone already.
    fn show(&mut self, key: u64) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if matches!(entry.place, Place::InFlight { .. }) {
            self.in_flight -= 1;
        }
        entry.place = Place::Visible;
        self.line.show(key, entry.message.group());
    }

    fn remove(&mut self, key: u64) -> Option<Entry> {
        let entry = self.entries.remove(&key)?;
        self.line.remove(key, entry.message.group());
        self.ages.remove(&(entry.since, key));
        if let Place::InFlight { until } | Place::Delayed { until } = entry.place {
            self.timers.remove(&(until, key));
        }
        if matches!(entry.place, Place::InFlight { .. }) {
            self.in_flight -= 1;
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests;

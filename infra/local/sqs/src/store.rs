//! All queues, behind one lock.
//!
//! One lock and not one per queue: a redrive takes a message out of one queue and puts it into
//! another, and no caller may see it in neither. Nothing under the lock digests, copies bodies or
//! waits.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use local_core::AwsError;
use tokio::{sync::futures::OwnedNotified, time::Instant};

use crate::{
    clock::Now,
    error,
    limits::{IN_FLIGHT_MAX, PURGE_INTERVAL},
    message::ReceiveRequest,
    move_tasks::MoveTasks,
    queue::{Delivery, Queue},
    spec::QueueSpec,
};

#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) queues: BTreeMap<String, Queue>,
    pub(crate) moves: MoveTasks,
    /// When each name was deleted that cannot be used again yet.
    deleted: HashMap<String, Instant>,
    ids: fastrand::Rng,
    next_serial: u64,
}

/// One look into a queue by a receiver.
pub(crate) struct Look {
    pub(crate) deliveries: Vec<Delivery>,
    /// When it is worth looking again even without news.
    pub(crate) next_timer: Option<Instant>,
    /// Completes on whatever changes the prospects after this look.
    pub(crate) news: OwnedNotified,
}

impl Store {
    pub(crate) fn new(seed: u64) -> Self {
        let mut ids = fastrand::Rng::with_seed(seed);
        Self {
            queues: BTreeMap::new(),
            moves: MoveTasks::default(),
            deleted: HashMap::new(),
            // A handle from before a restart must not name a queue of this run.
            next_serial: ids.u64(..=u64::MAX / 2),
            ids,
        }
    }

    pub(crate) fn create(&mut self, spec: QueueSpec, now: Now) -> Result<(), AwsError> {
        spec.check()?;
        self.deleted.retain(|_, at| *at + PURGE_INTERVAL > now.instant);
        if self.deleted.contains_key(&spec.name) {
            let message = "You must wait 60 seconds after deleting a queue before you can create \
                           another with the same name.";
            return Err(error::sqs("QueueDeletedRecently", message));
        }
        match self.queues.get(&spec.name) {
            Some(existing) if existing.spec == spec => Ok(()),
            Some(_) => Err(name_exists(&spec.name)),
            None => {
                self.next_serial += 1;
                let queue = Queue::new(spec, self.next_serial, now);
                self.queues.insert(queue.spec.name.clone(), queue);
                Ok(())
            }
        }
    }

    pub(crate) fn remove(&mut self, name: &str, now: Now) -> Result<(), AwsError> {
        let queue = self.queues.remove(name).ok_or_else(|| error::queue_does_not_exist(name))?;
        self.deleted.insert(name.to_owned(), now.instant);
        queue.news.notify_waiters();
        Ok(())
    }

    /// The queue as it stands at this moment.
    pub(crate) fn queue(&mut self, name: &str, now: Now) -> Result<&mut Queue, AwsError> {
        let queue = self.queues.get_mut(name).ok_or_else(|| error::queue_does_not_exist(name))?;
        queue.advance(now.instant);
        Ok(queue)
    }

    /// Changes a queue, and wakes those who wait at it if that is to their advantage.
    pub(crate) fn change<T>(
        &mut self,
        name: &str,
        now: Now,
        change: impl FnOnce(&mut Queue) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let queue = self.queue(name, now)?;
        let before = queue.prospect();
        let outcome = change(queue);
        if queue.prospect().better_than(before) {
            queue.news.notify_waiters();
        }
        outcome
    }

    /// Receives what can be received now, and moves what was received too often.
    pub(crate) fn receive(
        &mut self,
        name: &str,
        request: &ReceiveRequest,
        now: Now,
    ) -> Result<Look, AwsError> {
        let redrive = self.redrive_of(name)?;
        let queue = self.queue(name, now)?;
        if !queue.spec.fifo && request.wait.is_zero() && queue.depth().in_flight >= IN_FLIGHT_MAX {
            let message = format!("Too many messages are in flight: at most {IN_FLIGHT_MAX}.");
            return Err(error::sqs("OverLimit", message));
        }
        let visibility = request.visibility.unwrap_or(queue.spec.visibility_timeout);
        let receives_max = redrive.as_ref().map(|(_, most)| *most);
        let taken = self.change(name, now, |queue| {
            Ok(queue.receive(request.max, visibility, receives_max, now))
        })?;
        if let Some((target, _)) = redrive {
            self.change(&target, now, |target| {
                for entry in taken.exhausted {
                    let entry = entry.dead_letter(name, target.spec.fifo, now.instant);
                    target.push(entry, Duration::ZERO, now.instant);
                }
                Ok(())
            })?;
        }
        let queue = self.queue(name, now)?;
        Ok(Look {
            deliveries: taken.delivered,
            next_timer: queue.next_timer(),
            news: Arc::clone(&queue.news).notified_owned(),
        })
    }

    /// A new random id, formatted as a version 4 UUID.
    pub(crate) fn next_id(&mut self) -> String {
        const VERSION: (u128, u128) = (0xf << 76, 0x4 << 76);
        const VARIANT: (u128, u128) = (0x3 << 62, 0x2 << 62);
        let bits = self.ids.u128(..) & !VERSION.0 & !VARIANT.0 | VERSION.1 | VARIANT.1;
        let hex = format!("{bits:032x}");
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    /// The names of the queues that have `name` for their dead-letter queue.
    pub(crate) fn sources_of(&self, name: &str) -> Vec<String> {
        let leads_here = |queue: &&Queue| {
            queue.spec.redrive.as_ref().is_some_and(|redrive| redrive.dead_letter_queue == name)
        };
        self.queues.values().filter(leads_here).map(|queue| queue.spec.name.clone()).collect()
    }

    /// The dead-letter queue of a queue and the receives before it. Without a queue that could
    /// take them, messages stay and are received on, which loses none.
    fn redrive_of(&self, name: &str) -> Result<Option<(String, u32)>, AwsError> {
        let queue = self.queues.get(name).ok_or_else(|| error::queue_does_not_exist(name))?;
        let Some(redrive) = &queue.spec.redrive else { return Ok(None) };
        match self.queues.get(&redrive.dead_letter_queue) {
            Some(target) if target.spec.fifo == queue.spec.fifo => {
                Ok(Some((redrive.dead_letter_queue.clone(), redrive.max_receive_count)))
            }
            Some(_) | None => {
                let dead_letter_queue = &redrive.dead_letter_queue;
                tracing::warn!(queue = name, dead_letter_queue, "no such dead-letter queue");
                Ok(None)
            }
        }
    }
}

pub(crate) fn name_exists(name: &str) -> AwsError {
    let message = format!("A queue named {name} already exists with other attributes.");
    error::sqs("QueueNameExists", message)
}

#[cfg(test)]
mod tests {
    use super::Store;

    #[test]
    fn ids_are_uuids_of_version_4_and_follow_from_the_seed() {
        let id = Store::new(1).next_id();
        assert_eq!(id, Store::new(1).next_id());
        assert_ne!(id, Store::new(2).next_id());
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
    }
}

//! A stored machine: its state, the triggers that it has taken, the lease on its command, and its
//! events, in one item.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use event_envelope::{AggregateId, Envelope, pack, unpack};
use idempotency::{IdempotencyError, Item, check_event};
use runtime::Failure;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tracing::warn;

use crate::{StateMachine, Trigger};

pub(crate) const REVISION: &str = "revision";
pub(crate) const WRITER: &str = "writer";

/// The most triggers that one instance keeps a note of. An order has about a dozen.
const SEEN_MAX: usize = 100;
/// From how many notes on their order is kept, too, to know which is the oldest.
const ORDERED_FROM: usize = SEEN_MAX / 2;
/// The most among them of those that changed nothing. However many come, they do not drive out the
/// notes of those that took effect.
const IDLE_MAX: usize = 20;

/// Every event of the machine, packed: a stream keeps a record for a day, the item for longer.
const OUTBOX: &str = "outbox";
/// How many of the events, the last ones, this write adds: those that the relay publishes from the
/// stream. None with a write that adds none.
const ADDED: &str = "outboxAdded";
/// The attributes of earlier versions in place of them: the events that the last write added, and
/// those of writes before it.
const LISTS: [&str; 2] = ["earlier", "outgoing"];

/// The most events of earlier writes that an item keeps. One more each hour, as from a step
/// that is resumed again and again, fills this in a week: by then the relay has published each, or
/// an outage was noticed. Without a bound the item would outgrow DynamoDB's limit, and no input
/// could be stored.
const KEPT_MAX: usize = 200;

/// Which attempt runs the pending command, and until when no other one may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// The fencing token of the attempt.
    #[serde(rename = "owner")]
    token: String,
    /// Milliseconds since the epoch.
    until: i64,
}

/// Whether a trigger came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    New,
    Seen,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Instance<M> {
    pub(crate) state: M,
    /// Counts the writes.
    pub(crate) revision: u64,
    /// Counts the events emitted.
    sequence: u64,
    /// The triggers taken note of, each with the hash of its payload.
    seen: BTreeMap<String, String>,
    /// Those among them that were noted when there were many, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    latest: Vec<String>,
    /// Those among them that changed nothing, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    idle: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease: Option<Lease>,
    /// How often the pending command was tried. Items of versions that did not count have none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) attempts: u32,
    /// The events of earlier writes, oldest first.
    #[serde(skip)]
    kept: Vec<Envelope>,
    /// The events that this write adds.
    #[serde(skip)]
    added: Vec<Envelope>,
}

impl<M: StateMachine> Instance<M> {
    pub(crate) fn read(item: Option<Item>) -> Result<Self, Failure> {
        match item {
            Some(mut item) => {
                let events = take_events(&mut item);
                let mut instance: Self =
                    serde_dynamo::from_item(item).map_err(Failure::permanent)?;
                instance.keep(events);
                Ok(instance)
            }
            None => Ok(Self {
                state: M::default(),
                revision: 0,
                sequence: 0,
                seen: BTreeMap::new(),
                latest: Vec::new(),
                idle: Vec::new(),
                lease: None,
                attempts: 0,
                kept: Vec::new(),
                added: Vec::new(),
            }),
        }
    }

    /// The item of the next revision.
    pub(crate) fn next_item(&mut self, writer: &str, now: OffsetDateTime) -> Result<Item, Failure> {
        self.revision += 1;
        self.added.iter().try_for_each(check_event)?;
        let mut item: Item = serde_dynamo::to_item(&*self).map_err(Failure::permanent)?;
        let events = [&self.kept[..], &self.added].concat();
        if !events.is_empty() {
            item.insert(OUTBOX.to_owned(), AttributeValue::B(Blob::new(pack(&events))));
        }
        if !self.added.is_empty() {
            item.insert(ADDED.to_owned(), AttributeValue::N(self.added.len().to_string()));
        }
        item.insert(WRITER.to_owned(), text(writer));
        item.insert("updatedAt".to_owned(), number(now.unix_timestamp()));
        Ok(item)
    }

    /// Updates the instance after its item was written: it is as if it were read now. Returns the
    /// events that the write added.
    pub(crate) fn written(&mut self) -> Vec<Envelope> {
        let added = std::mem::take(&mut self.added);
        self.keep(added.clone());
        added
    }

    /// Keeps events of earlier writes, the last ones.
    fn keep(&mut self, events: Vec<Envelope>) {
        self.kept.extend(events);
        let old = self.kept.len().saturating_sub(KEPT_MAX);
        self.kept.drain(..old);
    }

    /// Applies the `inputs` that `trigger` brings, and takes note of it, unless it came before.
    ///
    /// # Errors
    ///
    /// Permanent, when its id came before with another payload. Never because of how many there
    /// were: a bound on notes is no reason to refuse an input.
    pub(crate) fn admit(
        &mut self,
        trigger: &Trigger<'_>,
        inputs: &[M::Input],
        key: &AggregateId,
        now: OffsetDateTime,
    ) -> Result<Admission, Failure> {
        if let Some(known) = self.seen.get(trigger.id) {
            return if *known == trigger.hash {
                Ok(Admission::Seen)
            } else {
                Err(IdempotencyError::PayloadMismatch { id: trigger.id.to_owned() }.into())
            };
        }
        let state = self.state.clone();
        let sequence = self.sequence;
        for input in inputs {
            self.transition(input, trigger.envelope, key, now)?;
        }
        let is_idle = self.state == state && self.sequence == sequence;
        self.note(trigger, is_idle);
        Ok(Admission::New)
    }

    /// Takes note of a trigger. The oldest note is dropped when there is no room.
    fn note(&mut self, trigger: &Trigger<'_>, is_idle: bool) {
        if is_idle {
            while self.idle.len() >= IDLE_MAX {
                self.seen.remove(&self.idle.remove(0));
            }
            self.idle.push(trigger.id.to_owned());
        } else {
            while self.seen.len().saturating_sub(self.idle.len()) >= SEEN_MAX - IDLE_MAX {
                let Some(oldest) = self.oldest() else { break };
                self.latest.retain(|id| *id != oldest);
                self.seen.remove(&oldest);
            }
            if self.seen.len() >= ORDERED_FROM {
                self.latest.push(trigger.id.to_owned());
            }
        }
        self.seen.insert(trigger.id.to_owned(), trigger.hash.clone());
    }

    /// The oldest note of what took effect. Those of which no order is known came first.
    fn oldest(&self) -> Option<String> {
        let is_older = |id: &&String| !self.latest.contains(id) && !self.idle.contains(id);
        self.seen.keys().find(is_older).or(self.latest.first()).cloned()
    }

    /// Applies an input, and keeps the events that follow from it. Attempts count anew when another
    /// command is pending then.
    pub(crate) fn transition(
        &mut self,
        input: &M::Input,
        cause: &Envelope,
        key: &AggregateId,
        now: OffsetDateTime,
    ) -> Result<(), Failure> {
        let before = self.state.pending();
        let (state, events) = std::mem::take(&mut self.state).transition(input);
        self.state = state;
        if self.state.pending() != before {
            self.attempts = 0;
        }
        for event in events {
            self.sequence += 1;
            let draft = M::draft(&event, key.clone(), self.sequence, now);
            self.added.push(draft.caused_by(cause).map_err(Failure::permanent)?);
        }
        Ok(())
    }

    /// Gives the attempt with this `token` the lease.
    pub(crate) fn take_lease(&mut self, token: &str, until: OffsetDateTime) {
        self.attempts = self.attempts.saturating_add(1);
        self.lease = Some(Lease { token: token.to_owned(), until: millis(until) });
    }

    /// Ends the lease of the attempt with this `token`, keeping the record that there was one.
    pub(crate) fn expire_lease(&mut self, token: &str) {
        self.lease = Some(Lease { token: token.to_owned(), until: 0 });
    }

    /// Ends the lease of an attempt whose result is known.
    pub(crate) fn end_lease(&mut self) {
        self.lease = None;
        self.attempts = 0;
    }

    /// Whether an attempt was made at the pending command whose result is not known.
    pub(crate) const fn may_have_run(&self) -> bool {
        self.lease.is_some()
    }

    /// How long the lease still holds; none when it does not.
    pub(crate) fn lease_left(&self, now: OffsetDateTime) -> Option<Duration> {
        let left = self.lease.as_ref()?.until - millis(now);
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_millis)
    }

    pub(crate) fn is_held_by(&self, token: &str) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.token == token)
    }
}

/// Takes the events out of an item, oldest first. If the attribute is invalid, the relay
/// could not publish it either, and it must not block the machine.
fn take_events(item: &mut Item) -> Vec<Envelope> {
    item.remove(ADDED);
    let lists = LISTS.map(|list| item.remove(list));
    let lists = lists.into_iter().flatten().map(serde_dynamo::from_attribute_value);
    let lists = lists.map(|list: Result<Vec<Envelope>, _>| list.map_err(|error| error.to_string()));
    let packed = item.remove(OUTBOX).map(|events| {
        let packed = events.as_b().map_err(|_| "not bytes".to_owned())?;
        unpack(packed.as_ref()).map_err(|error| error.to_string())
    });
    let mut events = Vec::new();
    for read in lists.chain(packed) {
        match read {
            Ok(read) => events.extend(read),
            Err(error) => warn!(%error, "the item's events cannot be read, and are dropped"),
        }
    }
    events
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Milliseconds since the epoch.
fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn is_zero(attempts: &u32) -> bool {
    *attempts == 0
}

//! The item that hosts a machine and its record.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use event_envelope::{AggregateId, Envelope, pack, unpack};
use idempotency::{IdempotencyError, Item, check_event};
use outcome::Failure;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tracing::warn;

use crate::{Cause, Machine};

pub(crate) const REVISION: &str = "revision";
pub(crate) const WRITER: &str = "writer";

/// The most events and tasks that one machine keeps a note of. An order has about a dozen.
const SEEN_MAX: usize = 100;
/// From how many notes on their order is kept, too, to know which is the oldest.
const ORDERED_FROM: usize = SEEN_MAX / 2;
/// The most among them of what changed nothing. However much of that comes, it does not drive out
/// the notes of what took effect.
const IDLE_MAX: usize = 20;

/// Every event of the row, packed: a stream forgets after a day, the row does not.
const OUTBOX: &str = "outbox";
/// How many of the events, the last ones, this write adds: those that the relay publishes from the
/// stream. None with a write that adds none.
const ADDED: &str = "outboxAdded";
/// What rows of earlier versions have in place of them: lists of what the last write added, and of
/// what others had added before.
const LISTS: [&str; 2] = ["earlier", "outgoing"];

/// The most events of earlier writes that a row keeps. One more each hour, which is what a step that
/// is resumed again and again comes to, fills this in a week: by then the relay had each, or an
/// outage was looked at. Without a bound the item would outgrow DynamoDB, and refuse every fact.
const KEPT_MAX: usize = 200;

/// Who is having an effect, and until when nobody else may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    pub(crate) owner: String,
    /// Milliseconds since the epoch.
    pub(crate) until: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    New,
    Seen,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row<M> {
    pub(crate) state: M,
    /// Counts the writes.
    pub(crate) revision: u64,
    /// Counts the events said.
    sequence: u64,
    /// The events and tasks taken note of, each with the hash of what it says.
    seen: BTreeMap<String, String>,
    /// Those among them that were noted when there were many, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    latest: Vec<String>,
    /// Those among them that changed nothing, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    idle: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lease: Option<Lease>,
    /// How often the effect that is due was tried. Rows of versions that did not count have none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) attempts: u32,
    /// The events of earlier writes, oldest first.
    #[serde(skip)]
    kept: Vec<Envelope>,
    /// The events that this write adds.
    #[serde(skip)]
    added: Vec<Envelope>,
}

impl<M: Machine> Row<M> {
    pub(crate) fn read(item: Option<Item>) -> Result<Self, Failure> {
        match item {
            Some(mut item) => {
                let mut kept = take_events(&mut item);
                let old = kept.len().saturating_sub(KEPT_MAX);
                kept.drain(..old);
                let row: Self = serde_dynamo::from_item(item).map_err(Failure::poison)?;
                Ok(Self { kept, ..row })
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
    pub(crate) fn into_item(mut self, writer: &str, now: OffsetDateTime) -> Result<Item, Failure> {
        self.revision += 1;
        self.added.iter().try_for_each(check_event)?;
        let added = self.added.len();
        let mut events = std::mem::take(&mut self.kept);
        events.append(&mut self.added);
        let mut item: Item = serde_dynamo::to_item(self).map_err(Failure::poison)?;
        if !events.is_empty() {
            item.insert(OUTBOX.to_owned(), AttributeValue::B(Blob::new(pack(&events))));
        }
        if added > 0 {
            item.insert(ADDED.to_owned(), AttributeValue::N(added.to_string()));
        }
        item.insert(WRITER.to_owned(), text(writer));
        item.insert("updatedAt".to_owned(), number(now.unix_timestamp()));
        Ok(item)
    }

    /// Tells the machine the `facts` that `cause` brings, and takes note of it, unless it came
    /// before.
    ///
    /// # Errors
    ///
    /// Poison, when its id came before and said something else. Never because of how many there
    /// were: a bound on notes is no reason to refuse a fact.
    pub(crate) fn hear(
        &mut self,
        cause: &Cause<'_>,
        facts: &[M::Fact],
        key: &AggregateId,
        now: OffsetDateTime,
    ) -> Result<Admission, Failure> {
        if let Some(known) = self.seen.get(cause.id) {
            return if *known == cause.hash {
                Ok(Admission::Seen)
            } else {
                Err(IdempotencyError::PayloadMismatch { id: cause.id.to_owned() }.into())
            };
        }
        let (state, sequence) = (self.state.clone(), self.sequence);
        for fact in facts {
            self.apply(fact, cause.envelope, key, now)?;
        }
        let is_idle = self.state == state && self.sequence == sequence;
        self.note(cause, is_idle);
        Ok(Admission::New)
    }

    /// Takes note of an event or a task. There is always room: the oldest note makes it.
    fn note(&mut self, cause: &Cause<'_>, is_idle: bool) {
        if is_idle {
            while self.idle.len() >= IDLE_MAX {
                self.seen.remove(&self.idle.remove(0));
            }
            self.idle.push(cause.id.to_owned());
        } else {
            while self.seen.len().saturating_sub(self.idle.len()) >= SEEN_MAX - IDLE_MAX {
                let Some(oldest) = self.oldest() else { break };
                self.latest.retain(|id| *id != oldest);
                self.seen.remove(&oldest);
            }
            if self.seen.len() >= ORDERED_FROM {
                self.latest.push(cause.id.to_owned());
            }
        }
        self.seen.insert(cause.id.to_owned(), cause.hash.clone());
    }

    /// The oldest note of what took effect. Those of which no order is known came first.
    fn oldest(&self) -> Option<String> {
        let is_older = |id: &&String| !self.latest.contains(id) && !self.idle.contains(id);
        self.seen.keys().find(is_older).or(self.latest.first()).cloned()
    }

    /// Tells the machine a fact, and keeps what it says about it. Attempts count anew when another
    /// effect is due then.
    pub(crate) fn apply(
        &mut self,
        fact: &M::Fact,
        cause: &Envelope,
        key: &AggregateId,
        now: OffsetDateTime,
    ) -> Result<(), Failure> {
        let before = self.state.due();
        let (state, events) = std::mem::take(&mut self.state).apply(fact);
        self.state = state;
        if self.state.due() != before {
            self.attempts = 0;
        }
        for event in events {
            self.sequence += 1;
            let draft = M::draft(&event, key.clone(), self.sequence, now);
            self.added.push(draft.caused_by(cause).map_err(Failure::poison)?);
        }
        Ok(())
    }

    /// Gives `owner` the lease for one more attempt.
    pub(crate) fn take_lease(&mut self, owner: &str, until: OffsetDateTime) {
        self.attempts = self.attempts.saturating_add(1);
        self.lease = Some(Lease { owner: owner.to_owned(), until: millis(until) });
    }

    /// Ends the lease of `owner`, keeping the trace of the attempt.
    pub(crate) fn leave_trace(&mut self, owner: &str) {
        self.lease = Some(Lease { owner: owner.to_owned(), until: 0 });
    }

    /// Ends the lease of an attempt that was answered.
    pub(crate) fn end_lease(&mut self) {
        (self.lease, self.attempts) = (None, 0);
    }

    /// How long somebody may still hold the lease; none when nobody does.
    pub(crate) fn held_for(&self, now: OffsetDateTime) -> Option<Duration> {
        let left = self.lease.as_ref()?.until - millis(now);
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_millis)
    }

    pub(crate) fn is_held_by(&self, owner: &str) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.owner == owner)
    }
}

/// Takes the events out of a row, oldest first. If what stands there is no events, nobody could
/// publish it either, and it must not stop the row.
fn take_events(item: &mut Item) -> Vec<Envelope> {
    item.remove(ADDED);
    let lists = LISTS.map(|list| item.remove(list));
    let lists = lists.into_iter().flatten().map(serde_dynamo::from_attribute_value);
    let lists = lists.map(|list: Result<Vec<Envelope>, _>| list.map_err(|error| error.to_string()));
    let packed = item.remove(OUTBOX).map(|events| match events {
        AttributeValue::B(packed) => unpack(packed.as_ref()).map_err(|error| error.to_string()),
        _ => Err("no bytes".to_owned()),
    });
    let mut events = Vec::new();
    for read in lists.chain(packed) {
        match read {
            Ok(read) => events.extend(read),
            Err(error) => warn!(%error, "what should be a row's events is not, and is not kept"),
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

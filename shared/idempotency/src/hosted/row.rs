//! The item that hosts a machine and its record.

use std::{collections::BTreeMap, time::Duration};

use event_envelope::{AggregateId, Envelope};
use outcome::Failure;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    IdempotencyError, Item, Machine,
    dynamodb::{millis, number, text},
};

pub(super) const REVISION: &str = "revision";
pub(super) const WRITER: &str = "writer";

/// The most events that one machine takes note of. An order has about a dozen.
const SEEN_MAX: usize = 100;

/// Who is having an effect, and until when nobody else may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    pub(super) owner: String,
    /// Milliseconds since the epoch.
    pub(super) until: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    New,
    Seen,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row<M> {
    pub(super) state: M,
    /// Counts the writes.
    pub(super) revision: u64,
    /// Counts the events said.
    sequence: u64,
    /// The events taken note of, each with the hash of its payload.
    seen: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lease: Option<Lease>,
    /// What the last write said: the relay publishes it from the stream.
    #[serde(default, skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    outgoing: Vec<Envelope>,
}

impl<M: Machine> Row<M> {
    pub(super) fn read(item: Option<Item>) -> Result<Self, Failure> {
        match item {
            Some(item) => serde_dynamo::from_item(item).map_err(Failure::poison),
            None => Ok(Self {
                state: M::default(),
                revision: 0,
                sequence: 0,
                seen: BTreeMap::new(),
                lease: None,
                outgoing: Vec::new(),
            }),
        }
    }

    /// The item of the next revision.
    pub(super) fn into_item(mut self, writer: &str, now: OffsetDateTime) -> Result<Item, Failure> {
        self.revision += 1;
        for event in &self.outgoing {
            event.to_json().map_err(Failure::poison)?;
        }
        let mut item: Item = serde_dynamo::to_item(self).map_err(Failure::poison)?;
        item.insert(WRITER.to_owned(), text(writer));
        item.insert("updatedAt".to_owned(), number(now.unix_timestamp()));
        Ok(item)
    }

    /// Takes note of an event.
    ///
    /// # Errors
    ///
    /// Poison, when its id came before with another payload.
    pub(super) fn admit(&mut self, event: &Envelope) -> Result<Admission, Failure> {
        let hash = event.payload_hash();
        if let Some(known) = self.seen.get(event.event_id.as_str()) {
            return if *known == hash {
                Ok(Admission::Seen)
            } else {
                Err(IdempotencyError::PayloadMismatch { id: event.event_id.to_string() }.into())
            };
        }
        if self.seen.len() == SEEN_MAX {
            return Err(Failure::poison(format!("more than {SEEN_MAX} events for one row")));
        }
        self.seen.insert(event.event_id.to_string(), hash);
        Ok(Admission::New)
    }

    /// Tells the machine a fact, and keeps what it says about it.
    pub(super) fn apply(
        &mut self,
        fact: &M::Fact,
        cause: &Envelope,
        key: &AggregateId,
        now: OffsetDateTime,
    ) -> Result<(), Failure> {
        let (state, events) = std::mem::take(&mut self.state).apply(fact);
        self.state = state;
        for event in events {
            self.sequence += 1;
            let draft = M::draft(&event, key.clone(), self.sequence, now);
            self.outgoing.push(draft.caused_by(cause).map_err(Failure::poison)?);
        }
        Ok(())
    }

    /// How long somebody may still hold the lease; none when nobody does.
    pub(super) fn held_for(&self, now: OffsetDateTime) -> Option<Duration> {
        let left = self.lease.as_ref()?.until - millis(now);
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_millis)
    }

    pub(super) fn is_held_by(&self, owner: &str) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.owner == owner)
    }
}

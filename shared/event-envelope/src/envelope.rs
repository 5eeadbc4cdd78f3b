use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{AggregateId, CorrelationId, EVENT_BYTES_MAX, EventId, Version, timestamp};

/// How long a chain of causes may grow. A process of some services has ten links or so; an event
/// loop has no end, and Lambda's recursion detection does not see loops over EventBridge.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>.
pub const DEPTH_MAX: u32 = 32;

/// An event and its context. `D` is its data.
///
/// Build one with [`Draft`]. Read one with [`from_json`](Envelope::from_json), or with the
/// `Decoder` of the feature `aws`. Serde's own reading is for what this code has written and
/// stored: it accepts any JSON that fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Envelope<D = Value> {
    /// The same for every copy of this event.
    pub event_id: EventId,
    /// What kind of thing happened, e.g. `OrderCreated`.
    pub event_type: String,
    /// The shape of `data`.
    pub event_version: Version,
    /// When it happened, UTC. It is written as RFC 3339; a time before the year 0 or after 9999 as
    /// the nearest in between.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The service that publishes it.
    pub source: String,
    /// The same for all events that follow from one command.
    pub correlation_id: CorrelationId,
    /// The event that led to this one; none when a command did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<EventId>,
    /// The aggregate whose history this event belongs to.
    pub aggregate_id: AggregateId,
    /// The event's place in the history that `source` keeps of the aggregate, counted from 1
    /// without gaps.
    pub sequence_number: u64,
    /// What happened.
    pub data: D,
    /// The actor, the reason, the trace and the depth.
    #[serde(default)]
    pub metadata: Metadata,
}

/// The circumstances of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The actor who caused it, by an id without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The actor's reason, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The trace it belongs to, as a W3C `traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// How many events are between the command and this one.
    #[serde(default)]
    pub depth: u32,
}

/// The actor who gave the command that an event follows from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// An id without personal data.
    pub id: Option<String>,
    /// The reason, in the actor's words.
    pub reason: Option<String>,
    /// The trace of the request, as a W3C `traceparent`.
    pub traceparent: Option<String>,
}

/// An event without its causation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft<D> {
    /// What kind of thing happened.
    pub event_type: String,
    /// The shape of `data`.
    pub event_version: Version,
    /// The service that publishes it.
    pub source: String,
    /// When it happened.
    pub timestamp: OffsetDateTime,
    /// The aggregate it happened to.
    pub aggregate_id: AggregateId,
    /// The place in the aggregate's history, counted from 1.
    pub sequence_number: u64,
    /// What happened.
    pub data: D,
}

/// A chain of causes has grown past [`DEPTH_MAX`]: events are causing each other in a circle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{event_type} would be event {depth} of its chain, the limit is {DEPTH_MAX}: is there a loop?"
)]
pub struct TooDeep {
    /// The event that was not built.
    pub event_type: String,
    /// The depth it would have had.
    pub depth: u32,
}

/// An event is larger than can be stored and published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event_type} has {bytes} bytes, the limit is {EVENT_BYTES_MAX}")]
pub struct TooLarge {
    /// The event's type.
    pub event_type: String,
    /// Its size as JSON.
    pub bytes: usize,
}

/// Drafts become envelopes: in two ways, so that no event loses its causation.
impl<D> Draft<D> {
    /// The first event of a chain: it follows from a command of `actor`.
    pub fn root(
        self,
        correlation_id: CorrelationId,
        actor: impl Into<Option<Actor>>,
    ) -> Envelope<D> {
        let Actor { id, reason, traceparent } = actor.into().unwrap_or_default();
        self.seal(correlation_id, None, Metadata { actor: id, reason, traceparent, depth: 0 })
    }

    /// An event that follows from `cause`: it keeps the correlation, the actor and the trace, and
    /// is one step deeper.
    ///
    /// # Errors
    ///
    /// When the chain is too long; the caller should dead-letter `cause`.
    pub fn caused_by<C>(self, cause: &Envelope<C>) -> Result<Envelope<D>, TooDeep> {
        let depth = cause.metadata.depth.saturating_add(1);
        if depth > DEPTH_MAX {
            return Err(TooDeep { event_type: self.event_type, depth });
        }
        let metadata = Metadata { depth, reason: None, ..cause.metadata.clone() };
        Ok(self.seal(cause.correlation_id.clone(), Some(cause.event_id.clone()), metadata))
    }

    fn seal(
        self,
        correlation_id: CorrelationId,
        causation_id: Option<EventId>,
        metadata: Metadata,
    ) -> Envelope<D> {
        Envelope {
            event_id: EventId::of_sequence(&self.source, &self.aggregate_id, self.sequence_number),
            event_type: self.event_type,
            event_version: self.event_version,
            timestamp: self.timestamp,
            source: self.source,
            correlation_id,
            causation_id,
            aggregate_id: self.aggregate_id,
            sequence_number: self.sequence_number,
            data: self.data,
            metadata,
        }
    }
}

impl<D> Envelope<D> {
    /// A draft like this event, with other data.
    pub fn draft<E>(&self, data: E) -> Draft<E> {
        Draft {
            event_type: self.event_type.clone(),
            event_version: self.event_version,
            source: self.source.clone(),
            timestamp: self.timestamp,
            aggregate_id: self.aggregate_id.clone(),
            sequence_number: self.sequence_number,
            data,
        }
    }

    /// The same event with its data in another form.
    pub fn with_data<E>(self, data: E) -> Envelope<E> {
        Envelope {
            event_id: self.event_id,
            event_type: self.event_type,
            event_version: self.event_version,
            timestamp: self.timestamp,
            source: self.source,
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            aggregate_id: self.aggregate_id,
            sequence_number: self.sequence_number,
            data,
            metadata: self.metadata,
        }
    }
}

impl Envelope<Value> {
    /// The event as JSON text, for the bus.
    ///
    /// # Errors
    ///
    /// When it is larger than [`EVENT_BYTES_MAX`]; the caller should reject the command that led to
    /// it.
    pub fn to_json(&self) -> Result<String, TooLarge> {
        // Nothing in an envelope is beyond JSON: its keys are texts, and every time can be written.
        let text = serde_json::json!(self).to_string();
        if text.len() > EVENT_BYTES_MAX {
            return Err(TooLarge { event_type: self.event_type.clone(), bytes: text.len() });
        }
        Ok(text)
    }

    /// A hash of the event's content, the same for every copy whatever the order of its keys.
    pub fn payload_hash(&self) -> String {
        let version = self.event_version.to_string();
        let data = crate::canonical(&self.data);
        crate::fingerprint(&[
            self.event_type.as_bytes(),
            self.source.as_bytes(),
            version.as_bytes(),
            data.as_bytes(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn draft(sequence_number: u64) -> Draft<Value> {
        Draft {
            event_type: "OrderCreated".into(),
            event_version: Version::new(2, 0),
            source: "order-service".into(),
            timestamp: datetime!(2025-11-17 10:30:00.25 UTC),
            aggregate_id: AggregateId::parse("order-123").unwrap(),
            sequence_number,
            data: json!({ "orderId": "order-123" }),
        }
    }

    fn root() -> Envelope {
        let actor = Actor {
            id: Some("user-456".into()),
            reason: Some("clicked".into()),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        };
        draft(1).root(CorrelationId::of("order-123"), actor)
    }

    #[test]
    fn json_has_the_books_field_names() {
        let json = serde_json::to_value(root()).unwrap();
        assert_eq!(json["eventType"], "OrderCreated");
        assert_eq!(json["eventVersion"], "2.0");
        assert_eq!(json["timestamp"], "2025-11-17T10:30:00.25Z");
        assert_eq!(json["sequenceNumber"], 1);
        assert!(json["eventId"].as_str().unwrap().starts_with("evt_"));
        assert_eq!(serde_json::from_value::<Envelope>(json).unwrap(), root());
    }

    #[test]
    fn an_effect_keeps_its_lineage() {
        let cause = root();
        let effect = draft(2).caused_by(&cause).unwrap();
        assert_eq!(effect.correlation_id, cause.correlation_id);
        assert_eq!(effect.causation_id, Some(cause.event_id));
        assert_eq!(effect.metadata.traceparent, cause.metadata.traceparent);
        assert_eq!(effect.metadata.actor, cause.metadata.actor);
        assert_eq!(effect.metadata.depth, 1);
        assert_eq!(effect.metadata.reason, None, "the reason was for the cause");
    }

    #[test]
    fn a_loop_of_events_ends() {
        let mut event = root();
        for sequence in 2.. {
            match draft(sequence).caused_by(&event) {
                Ok(next) => event = next,
                Err(error) => {
                    assert_eq!(error.depth, DEPTH_MAX + 1);
                    return;
                }
            }
        }
    }

    #[test]
    fn a_chain_of_any_length_that_comes_from_outside_ends() {
        let mut event = root();
        event.metadata.depth = u32::MAX;
        draft(2).caused_by(&event).unwrap_err();
    }

    #[test]
    fn an_event_of_any_time_can_be_written_and_read() {
        for at in [datetime!(-9999-01-01 0:00 +1), datetime!(9999-12-31 23:59:59.5 -1)] {
            let event = Draft { timestamp: at, ..draft(1) }.root(CorrelationId::of("o"), None);
            let json = event.to_json().unwrap();
            assert_eq!(Envelope::from_json(json.as_bytes()).unwrap().to_json().unwrap(), json);
        }
    }

    #[test]
    fn an_event_too_large_to_store_is_refused() {
        let mut event = root();
        event.data = json!("x".repeat(EVENT_BYTES_MAX));
        assert!(event.to_json().unwrap_err().bytes > EVENT_BYTES_MAX);
    }

    #[test]
    fn the_payload_hash_sees_data_but_not_delivery() {
        let mut copy = root();
        copy.timestamp += time::Duration::HOUR;
        assert_eq!(copy.payload_hash(), root().payload_hash());
        copy.data = json!({ "orderId": "order-124" });
        assert_ne!(copy.payload_hash(), root().payload_hash());
    }
}

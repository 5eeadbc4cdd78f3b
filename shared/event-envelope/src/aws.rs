//! From a delivered body to an envelope: an EventBridge event, an SNS notification of one, or
//! the bare envelope.

mod version_1;

use serde_json::{Map, Value};

use crate::{
    DecodeError, Delivery, Envelope, FromEnvelope,
    excerpt::excerpt,
    read::{self, text},
    strict::{self, Limits},
};

/// Reads what AWS delivers: the body of an SQS message, the message of an SNS notification, or the
/// payload of an invocation by EventBridge.
///
/// A body is the envelope itself, an EventBridge event whose `detail` it is, or an SNS
/// notification of one of these. All three wrappings of an event give the same [`Delivery`], except
/// that only EventBridge shows whether it is a replay: it adds a `replay-name` to the event.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>.
///
/// ```
/// use event_envelope::{Decoder, Delivery};
///
/// let body = br#"{
///     "version": "0", "id": "6a7e8feb", "source": "shop", "detail-type": "BookSold",
///     "replay-name": "friday", "time": "2026-01-31T10:30:01Z", "detail": {
///         "eventId": "evt_1", "eventType": "BookSold", "eventVersion": "1.0",
///         "timestamp": "2026-01-31T10:30:00Z", "source": "shop", "correlationId": "corr_1",
///         "aggregateId": "book-7", "sequenceNumber": 3, "data": { "price": 1200 }
///     }
/// }"#;
/// let Delivery { envelope, replay, .. } = Decoder::current().decode::<()>(body)?;
/// assert_eq!(envelope.data["price"], 1200);
/// assert_eq!(replay.as_deref(), Some("friday"));
/// # Ok::<(), event_envelope::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Decoder {
    aggregate_field: Option<&'static str>,
    limits: Limits,
    is_event_bridge_only: bool,
    live_check: Option<LiveCheck>,
}

/// Returns what is wrong with a live event.
type LiveCheck = fn(&Envelope) -> Result<(), DecodeError>;

impl Default for Decoder {
    fn default() -> Self {
        Self::current()
    }
}

impl Decoder {
    /// Reads events that carry all fields of an envelope.
    pub const fn current() -> Self {
        let limits = Limits { bytes_max: 256 * 1024, depth_max: 32, length_max: 10_000 };
        Self { aggregate_field: None, limits, is_event_bridge_only: false, live_check: None }
    }

    /// Reads also events of version 1 that were published before there was an envelope, without
    /// some of its fields or with none: their data names the aggregate in its field
    /// `aggregate_field`. What is missing is derived from what is there, the same way every time,
    /// so that a duplicate is still seen as one.
    pub const fn new(aggregate_field: &'static str) -> Self {
        Self { aggregate_field: Some(aggregate_field), ..Self::current() }
    }

    /// Takes events only as EventBridge delivers them, neither bare envelopes nor notifications of
    /// SNS: for a consumer whose queue gets nothing but what rules of a bus send. What comes by
    /// another way is not in the bus's archive, and its publisher was not checked by the bus's
    /// policy.
    ///
    /// ```
    /// use event_envelope::Decoder;
    ///
    /// let bare = br#"{
    ///     "eventId": "evt_1", "eventType": "BookSold", "eventVersion": "1.0",
    ///     "timestamp": "2026-01-31T10:30:00Z", "source": "shop", "correlationId": "corr_1",
    ///     "aggregateId": "book-7", "sequenceNumber": 3, "data": { "price": 1200 }
    /// }"#;
    /// assert!(Decoder::current().decode::<()>(bare).is_ok());
    /// assert!(Decoder::current().event_bridge_only().decode::<()>(bare).is_err());
    /// ```
    pub const fn event_bridge_only(self) -> Self {
        Self { is_event_bridge_only: true, ..self }
    }

    /// Takes live events only if `check` finds nothing wrong with them. A replayed event was
    /// published under other rules, and is not checked: a consumer that accepts replays reads it.
    pub const fn check_live(self, check: fn(&Envelope) -> Result<(), DecodeError>) -> Self {
        Self { live_check: Some(check), ..self }
    }

    /// Takes bodies within `limits` instead of 256 KiB, 32 levels and 10 000 elements. The levels
    /// are counted from the envelope, so that no wrapping makes an event too deep.
    pub const fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Reads the body of a message, or the payload of an invocation.
    ///
    /// # Errors
    ///
    /// When it is not an event that can be handled. A retry does not help: the caller should
    /// dead-letter the message.
    pub fn decode<E: FromEnvelope>(&self, body: &[u8]) -> Result<Delivery<E>, DecodeError> {
        let Delivery { envelope, replay, .. } = self.unwrap(self.parse(body)?)?;
        if let (Some(check), None) = (self.live_check, &replay) {
            check(&envelope)?;
        }
        Ok(Delivery { event: E::from_envelope(&envelope)?, envelope, replay })
    }

    fn parse(&self, body: &[u8]) -> Result<Map<String, Value>, DecodeError> {
        // The bus wraps the envelope in one level more.
        let limits = Limits { depth_max: self.limits.depth_max.saturating_add(1), ..self.limits };
        match strict::parse(body, limits)? {
            Value::Object(fields) => Ok(fields),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(DecodeError::field("body", "not a JSON object")),
        }
    }

    fn unwrap(&self, body: Map<String, Value>) -> Result<Delivery, DecodeError> {
        if !is_notification(&body) {
            return self.without_notification(body);
        }
        if self.is_event_bridge_only {
            return Err(DecodeError::field("Type", "a notification of SNS: not from EventBridge"));
        }
        let message = self.parse(text(&body, "Message")?.as_bytes()).map_err(in_message)?;
        if is_notification(&message) {
            return Err(DecodeError::field("Message", "a notification inside a notification"));
        }
        self.without_notification(message)
    }

    fn without_notification(&self, mut body: Map<String, Value>) -> Result<Delivery, DecodeError> {
        if body.contains_key("Records") && !body.contains_key("eventId") {
            return Err(DecodeError::field(
                "Records",
                "a whole batch: decode its bodies one by one",
            ));
        }
        if !body.contains_key("detail-type") {
            if self.is_event_bridge_only {
                return Err(DecodeError::field("detail-type", "missing: not from EventBridge"));
            }
            let envelope = self.envelope(body, None)?;
            return Ok(Delivery { envelope, event: (), replay: None });
        }
        let Some(Value::Object(detail)) = body.remove("detail") else {
            return Err(DecodeError::field("detail", "missing, or not a JSON object"));
        };
        let entry = Entry::read(body)?;
        let envelope = self.envelope(detail, Some(&entry))?;
        entry.agrees_with(&envelope)?;
        Ok(Delivery { envelope, event: (), replay: entry.replay })
    }

    fn envelope(
        &self,
        fields: Map<String, Value>,
        entry: Option<&Entry>,
    ) -> Result<Envelope, DecodeError> {
        let fields = match self.aggregate_field {
            Some(field) if version_1::is(&fields, field)? => {
                version_1::complete(fields, field, entry)?
            }
            Some(_) | None => fields,
        };
        read::envelope(fields, self.limits.depth_max)
    }
}

fn is_notification(body: &Map<String, Value>) -> bool {
    body.get("Type").is_some_and(|kind| kind == "Notification")
}

/// The wrapped body is a text in the field `Message`.
fn in_message(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Body(error) => DecodeError::field("Message", error),
        DecodeError::Field { reason, .. } => DecodeError::field("Message", reason),
        DecodeError::Disagreement { .. }
        | DecodeError::UnknownType(_)
        | DecodeError::UnknownVersion { .. }
        | DecodeError::RetiredVersion { .. } => error,
    }
}

/// The fields of an event's entry on the bus.
struct Entry {
    source: String,
    detail_type: String,
    time: Option<Value>,
    replay: Option<String>,
}

impl Entry {
    fn read(mut body: Map<String, Value>) -> Result<Self, DecodeError> {
        let replay = match body.remove("replay-name") {
            None | Some(Value::Null) => None,
            Some(Value::String(replay)) => Some(replay),
            // A consumer that must not handle replays would take this for a live event.
            Some(_) => return Err(DecodeError::field("replay-name", "not a string")),
        };
        Ok(Self {
            source: text(&body, "source")?.to_owned(),
            detail_type: text(&body, "detail-type")?.to_owned(),
            time: body.remove("time"),
            replay,
        })
    }

    /// Rules route by the entry, handlers act on the envelope: they must not
    /// differ.
    fn agrees_with(&self, envelope: &Envelope) -> Result<(), DecodeError> {
        for (field, in_envelope, on_bus) in [
            ("eventType", &envelope.event_type, &self.detail_type),
            ("source", &envelope.source, &self.source),
        ] {
            if in_envelope != on_bus {
                return Err(DecodeError::Disagreement {
                    field,
                    envelope: excerpt(in_envelope).to_owned(),
                    entry: excerpt(on_bus).to_owned(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Attribute values of the types that a record is made of.

use aws_sdk_dynamodb::types::AttributeValue;
use event_envelope::Envelope;
use time::OffsetDateTime;

use crate::IdempotencyError;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Milliseconds since the epoch.
pub(super) fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// The time `millis` after the epoch, if it is one.
pub(super) fn from_millis(millis: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
}

/// The time `seconds` after the epoch, if it is one.
pub(super) fn from_seconds(seconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// How many lists and maps are around the data of an event that is to be published: the list, and
/// the event in it.
const LEVELS_AROUND: usize = 2;

/// Events as a list of maps, which the relay reads from the stream.
pub(super) fn outgoing(events: &[Envelope]) -> Result<AttributeValue, IdempotencyError> {
    events.iter().try_for_each(check_event)?;
    serde_dynamo::to_attribute_value(events)
        .map_err(|error| IdempotencyError::Invalid(error.into()))
}

/// Checks that `event` can be stored in the list of a record's events, and published from there.
///
/// # Errors
///
/// When it is too large to be published, or has data that no table can hold.
pub fn check_event(event: &Envelope) -> Result<(), IdempotencyError> {
    event.to_json().map_err(|error| IdempotencyError::Invalid(error.into()))?;
    let unstorable = |source| IdempotencyError::Unstorable {
        what: format!("the event {}", event.event_type),
        source,
    };
    event.check_storable(LEVELS_AROUND).map_err(unstorable)
}

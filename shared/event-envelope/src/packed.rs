//! Events that an item keeps, small: DynamoDB counts every kilobyte of it with each write.

use miniz_oxide::{
    deflate::{CompressionLevel, compress_to_vec},
    inflate::decompress_to_vec_with_limit,
};
use serde::de::Error;

use crate::Envelope;

/// The most that [`unpack`] makes of one text, in bytes of JSON. What an item of 400 KB can hold
/// when its events are alike is more than any item has; a decompression bomb stops here.
const UNPACKED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The bytes are not packed events.
#[derive(Debug, thiserror::Error)]
pub enum Unpackable {
    /// It is not a DEFLATE stream, or one beyond the limit.
    #[error("not a DEFLATE stream of at most {UNPACKED_BYTES_MAX} bytes: {reason}")]
    NotDeflated {
        /// What is wrong with it.
        reason: String,
    },
    /// It is not a JSON list of events.
    #[error("packed, but not a list of events")]
    NotEvents(#[from] serde_json::Error),
}

/// `events` as few bytes: their JSON list as [`to_json`](Envelope::to_json) has them, deflated as
/// in RFC 1951. Any tool can read it, and events of one aggregate are alike: they take a third.
///
/// Fields that can be derived are left out all the same, because hashes do not compress: the id of
/// an event that has the one of its place, [`EventId::of_sequence`](crate::EventId::of_sequence).
pub fn pack(events: &[Envelope]) -> Vec<u8> {
    let texts = serde_json::Value::from_iter(events.iter().map(slim));
    compress_to_vec(texts.to_string().as_bytes(), CompressionLevel::BestCompression as u8)
}

/// The events that [`pack`] made `packed` of, each as it was.
///
/// # Errors
///
/// When it is anything else.
pub fn unpack(packed: &[u8]) -> Result<Vec<Envelope>, Unpackable> {
    let text = decompress_to_vec_with_limit(packed, UNPACKED_BYTES_MAX)
        .map_err(|error| Unpackable::NotDeflated { reason: error.to_string() })?;
    let events: Vec<serde_json::Value> = serde_json::from_slice(&text)?;
    Ok(events.into_iter().map(whole).collect::<Result<_, _>>()?)
}

const EVENT_ID: &str = "eventId";

fn slim(event: &Envelope) -> serde_json::Value {
    let mut slim = serde_json::json!(event);
    if event.event_id == derived(event)
        && let Some(members) = slim.as_object_mut()
    {
        members.remove(EVENT_ID);
    }
    slim
}

fn whole(mut slim: serde_json::Value) -> Result<Envelope, serde_json::Error> {
    let members = slim.as_object_mut().ok_or_else(|| serde_json::Error::custom("not an object"))?;
    let is_derived = !members.contains_key(EVENT_ID);
    if is_derived {
        members.insert(EVENT_ID.to_owned(), "derived".into());
    }
    let mut event: Envelope = serde_json::from_value(slim)?;
    if is_derived {
        event.event_id = derived(&event);
    }
    Ok(event)
}

fn derived(event: &Envelope) -> crate::EventId {
    crate::EventId::of_sequence(&event.source, &event.aggregate_id, event.sequence_number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;

    use super::*;
    use crate::{AggregateId, CorrelationId, Draft, EVENT_BYTES_MAX, EventId, Version};

    fn events(count: u64) -> Vec<Envelope> {
        let event = |sequence_number| Draft {
            event_type: "LoanExtended".into(),
            event_version: Version::new(1, 0),
            source: "loan-service".into(),
            timestamp: OffsetDateTime::UNIX_EPOCH,
            aggregate_id: AggregateId::parse("loan-1").unwrap(),
            sequence_number,
            data: json!({ "loanId": "loan-1", "weeks": sequence_number, "fee": 0.1 }),
        };
        (1..=count).map(|number| event(number).root(CorrelationId::of("loan-1"), None)).collect()
    }

    #[test]
    fn what_is_packed_is_small_and_comes_back_letter_by_letter() {
        let mut events = events(5);
        // One with an id of its own.
        events[2].event_id = EventId::parse("evt-of-another-kind").unwrap();
        let packed = pack(&events);
        let text = json!(events).to_string();
        assert!(packed.len() * 3 < text.len(), "{} of {} bytes", packed.len(), text.len());
        assert_eq!(json!(unpack(&packed).unwrap()).to_string(), text);
        assert_eq!(unpack(&pack(&[])).unwrap(), []);
    }

    #[test]
    fn what_is_not_packed_events_is_an_error() {
        let deflated = |text: &[u8]| compress_to_vec(text, 6);
        let events = pack(&events(2));
        let half = events.len() / 2;
        for wrong in [&b"events"[..], &events[..half], &[]] {
            assert!(matches!(unpack(wrong), Err(Unpackable::NotDeflated { .. })), "{wrong:?}");
        }
        for wrong in ["", "{}", "[1]", "[{}]", "nothing"] {
            let wrong = deflated(wrong.as_bytes());
            assert!(matches!(unpack(&wrong), Err(Unpackable::NotEvents(_))), "{wrong:?}");
        }
    }

    #[test]
    fn a_little_that_would_become_very_much_is_refused() {
        let bomb = compress_to_vec(&vec![b' '; UNPACKED_BYTES_MAX + EVENT_BYTES_MAX], 6);
        assert!(bomb.len() < EVENT_BYTES_MAX);
        assert!(matches!(unpack(&bomb), Err(Unpackable::NotDeflated { .. })));
    }
}

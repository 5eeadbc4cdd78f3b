//! What holds for any input.

use event_envelope::{
    DEPTH_MAX, DecodeError, Decoder, Delivery, EVENT_BYTES_MAX, Envelope, canonical, instant,
    strict::{self, Limits},
};
use serde_json::{Value, json};

use crate::input::Wrapping;

const DECODERS: [Decoder; 2] = [Decoder::current(), Decoder::new("orderId")];

/// Holds the crate to what it promises of `body`. Whether it is an event.
pub(crate) fn check(body: &[u8]) -> bool {
    is_strict(body);
    let mut is_event = false;
    for decoder in DECODERS {
        match decode(decoder, body) {
            Ok(delivery) => {
                comes_back(decoder, &delivery.envelope);
                is_event = true;
            }
            Err(error) => assert!(error.to_string().len() < 3000, "{error}"),
        }
    }
    if let Ok(envelope) = Envelope::from_json(body) {
        nothing_is_lost(body, &envelope);
        comes_back(Decoder::current(), &envelope);
    }
    is_event
}

/// The envelope that was read equals the input, apart from the forms of times and versions.
fn nothing_is_lost(body: &[u8], envelope: &Envelope) {
    let (written, read): (Value, _) = (serde_json::from_slice(body).unwrap(), json!(envelope));
    for field in [
        "eventId",
        "eventType",
        "source",
        "correlationId",
        "causationId",
        "aggregateId",
        "sequenceNumber",
        "data",
    ] {
        assert_eq!(written[field], read[field], "{field}");
    }
    for field in ["actor", "reason", "traceparent"] {
        assert_eq!(written["metadata"][field], read["metadata"][field], "{field}");
    }
    assert_eq!(written["metadata"]["depth"].as_u64().unwrap_or(0), read["metadata"]["depth"]);
}

/// JSON that is accepted is within the limits, and has no key twice.
fn is_strict(text: &[u8]) {
    let limits = Limits { bytes_max: usize::MAX, depth_max: 20, length_max: 300 };
    let Ok(value) = strict::parse(text, limits) else { return };
    let size = Size::of(&value);
    assert!(size.depth <= limits.depth_max && size.length <= limits.length_max, "{size:?}");
    // Outside of texts, a colon is the mark of a member. With its feature `arbitrary_precision`,
    // `serde_json` takes an object with a key of its own for a number.
    if !String::from_utf8_lossy(text).contains("private::Number") {
        assert_eq!(size.members, colons(text));
    }
}

#[derive(Debug, Default)]
struct Size {
    depth: usize,
    length: usize,
    members: usize,
}

impl Size {
    fn of(value: &Value) -> Self {
        let (inside, members): (Vec<_>, _) = match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Self::default();
            }
            Value::Array(elements) => (elements.iter().map(Self::of).collect(), 0),
            Value::Object(members) => (members.values().map(Self::of).collect(), members.len()),
        };
        Self {
            depth: 1 + inside.iter().map(|it| it.depth).max().unwrap_or(0),
            length: inside.iter().map(|it| it.length).max().unwrap_or(0).max(inside.len()),
            members: members + inside.iter().map(|it| it.members).sum::<usize>(),
        }
    }
}

fn colons(text: &[u8]) -> usize {
    let (mut colons, mut in_text, mut is_escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_text = !in_text,
            b':' if !in_text => colons += 1,
            _ => (),
        }
    }
    colons
}

/// Decodes twice, the second time under a count of what it takes.
fn decode(decoder: Decoder, body: &[u8]) -> Result<Delivery, DecodeError> {
    let first = decoder.decode::<()>(body);
    let mut second = None;
    let taken = allocation_counter::measure(|| second = Some(decoder.decode::<()>(body)));
    let bytes = body.len() as u64;
    assert!(taken.bytes_max <= 4096 + 150 * bytes, "{taken:?} for {bytes} bytes");
    assert!(taken.count_total <= 200 + 2 * bytes, "{taken:?} for {bytes} bytes");
    match (&first, &second.unwrap()) {
        (Ok(first), Ok(second)) => assert_eq!(first, second),
        (first, second) => assert_eq!(format!("{first:?}"), format!("{second:?}")),
    }
    first
}

/// Whatever was read can be written, and is the same when it is read again, however it comes.
fn comes_back(decoder: Decoder, envelope: &Envelope) {
    let text = match envelope.to_json() {
        Ok(text) => text,
        Err(error) => return assert!(error.bytes > EVENT_BYTES_MAX),
    };
    assert_eq!(Envelope::from_json(text.as_bytes()).unwrap(), *envelope);
    assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), *envelope);

    let read = |body: &Value| decoder.decode::<()>(body.to_string().as_bytes());
    let bare = json!(envelope);
    let replay = Wrapping::Replay.wrap(bare.clone());
    for (body, is_replay) in [
        (&bare, false),
        (&Wrapping::Bus.wrap(bare.clone()), false),
        (&replay, true),
        (&Wrapping::Notification.wrap(replay.clone()), true),
    ] {
        match read(body) {
            Ok(copy) => {
                assert_eq!(copy.envelope, *envelope);
                assert_eq!(copy.envelope.payload_hash(), envelope.payload_hash());
                assert_eq!(copy.replay.is_some(), is_replay);
            }
            // Texts inside texts take more space.
            Err(error) => assert!(text.len() > 100_000, "{error}: {body}"),
        }
    }

    let limits = Limits { bytes_max: usize::MAX, ..Limits::default() };
    let data = canonical(&envelope.data);
    assert_eq!(strict::parse(data.as_bytes(), limits).unwrap(), envelope.data);
    assert_eq!(instant(envelope.timestamp).len(), "2025-11-17T10:30:00.000Z".len());
    match envelope.draft(Value::Null).caused_by(envelope) {
        Ok(effect) => {
            assert_eq!(u64::from(effect.metadata.depth), u64::from(envelope.metadata.depth) + 1);
        }
        Err(error) => assert!(error.depth > DEPTH_MAX),
    }
}

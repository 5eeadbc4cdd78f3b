use aws_sdk_eventbridge::{primitives::DateTime, types::PutEventsRequestEntry};
use event_envelope::{Envelope, TooLarge};
use runtime::Traceparent;

/// How many entries one call takes.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>.
const ENTRIES_MAX: usize = 10;
/// How large they may be together. The limit is "1 MB", here read as the smaller of its meanings.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>.
const ENTRIES_BYTES_MAX: usize = 1_000_000;
/// What the time adds to an entry's size, in bytes.
const TIME_BYTES: usize = 14;

/// An event on its way to the bus.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// Its index among the envelopes of one call of `publish`.
    pub(crate) position: usize,
    pub(crate) entry: PutEventsRequestEntry,
    bytes: usize,
}

impl Outgoing {
    /// `envelope` as an entry of `bus`: all that rules route by is taken from it, and from nothing
    /// else.
    pub(crate) fn new(position: usize, envelope: &Envelope, bus: &str) -> Result<Self, TooLarge> {
        let detail = envelope.to_json()?;
        let Envelope { source, event_type, aggregate_id, timestamp, metadata, .. } = envelope;
        let bytes = TIME_BYTES
            + source.len()
            + event_type.len()
            + aggregate_id.as_str().len()
            + detail.len();
        let trace = metadata.traceparent.as_deref().and_then(Traceparent::parse);
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(bus)
            .source(source)
            .detail_type(event_type)
            .time(DateTime::from_secs_and_nanos(timestamp.unix_timestamp(), timestamp.nanosecond()))
            .resources(aggregate_id.as_str())
            .set_trace_header(trace.map(|trace| trace.to_xray()))
            .detail(detail)
            .build();
        Ok(Self { position, entry, bytes })
    }
}

/// Puts as many into each call as it takes, in their order.
pub(crate) fn calls(outgoing: Vec<Outgoing>) -> Vec<Vec<Outgoing>> {
    let mut calls: Vec<Vec<Outgoing>> = Vec::new();
    let mut bytes = 0;
    for event in outgoing {
        match calls.last_mut() {
            Some(call) if call.len() < ENTRIES_MAX && bytes + event.bytes <= ENTRIES_BYTES_MAX => {
                bytes += event.bytes;
                call.push(event);
            }
            Some(_) | None => {
                bytes = event.bytes;
                calls.push(vec![event]);
            }
        }
    }
    calls
}

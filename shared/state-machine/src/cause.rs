//! What a machine is told by: an event that was heard, or a task that a workflow asks for.

use event_envelope::Envelope;

/// What makes a machine hear facts. It takes effect once, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause<'a> {
    pub(crate) id: &'a str,
    pub(crate) hash: String,
    pub(crate) envelope: &'a Envelope,
}

impl<'a> Cause<'a> {
    /// The task `id` of a workflow that works off the event in `envelope`: whatever is said about
    /// it follows from that event. The same id with another `hash` of what the task says is
    /// refused. (`orderly-task` gives its tasks both.)
    pub const fn task(id: &'a str, hash: String, envelope: &'a Envelope) -> Self {
        Self { id, hash, envelope }
    }
}

impl<'a> From<&'a Envelope> for Cause<'a> {
    /// The event itself, known by its id and its payload.
    fn from(envelope: &'a Envelope) -> Self {
        Self { id: envelope.event_id.as_str(), hash: envelope.payload_hash(), envelope }
    }
}

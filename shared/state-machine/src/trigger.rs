//! Triggers of transitions: a consumed event, or a task of a workflow.

use event_envelope::Envelope;

/// What brings inputs to a machine. It takes effect once, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger<'a> {
    pub(crate) id: &'a str,
    pub(crate) hash: String,
    pub(crate) envelope: &'a Envelope,
}

impl<'a> Trigger<'a> {
    /// The task `id` of a workflow that works on the event in `envelope`: each event that the
    /// machine emits follows from that event. The same id with another `hash` of the task's request
    /// is refused. (`orderly-lambda` gives its tasks both.)
    pub const fn task(id: &'a str, hash: String, envelope: &'a Envelope) -> Self {
        Self { id, hash, envelope }
    }
}

impl<'a> From<&'a Envelope> for Trigger<'a> {
    /// The event itself, known by its id and its payload.
    fn from(envelope: &'a Envelope) -> Self {
        Self { id: envelope.event_id.as_str(), hash: envelope.payload_hash(), envelope }
    }
}

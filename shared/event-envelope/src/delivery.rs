//! An event as it was delivered, in its type, and whether it is let in.

use serde_json::Value;

use crate::{DecodeError, Envelope};

/// An event as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery<E = ()> {
    /// The envelope, brought up to the current form.
    pub envelope: Envelope<Value>,
    /// The event in its type.
    pub event: E,
    /// The replay that sent it, when it is not live: EventBridge's `replay-name`.
    pub replay: Option<String>,
}

/// An event type that can be read from an envelope, older versions included.
pub trait FromEnvelope: Sized {
    /// Reads the event.
    ///
    /// # Errors
    ///
    /// [`UnknownType`](DecodeError::UnknownType) when this is none of the types it knows,
    /// [`UnknownVersion`](DecodeError::UnknownVersion) when it does not know the major version, and
    /// [`Field`](DecodeError::Field) when the data does not fit. A retry does not help
    /// with any of these.
    fn from_envelope(envelope: &Envelope<Value>) -> Result<Self, DecodeError>;
}

/// For consumers that only read the envelope.
impl FromEnvelope for () {
    fn from_envelope(_: &Envelope<Value>) -> Result<Self, DecodeError> {
        Ok(())
    }
}

/// What a consumer does with an event that is replayed from an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayPolicy {
    /// Acknowledges it and does nothing: for side effects that must not happen again, on money,
    /// stock or mail.
    Refuse,
    /// Handles it like any other: for projections.
    Accept,
}

impl ReplayPolicy {
    /// Whether to handle an event that came with `replay`, the name of the replay that sent
    /// it. A live event has none, and is always let in.
    ///
    /// ```
    /// use event_envelope::ReplayPolicy;
    ///
    /// assert!(ReplayPolicy::Refuse.lets_in(None));
    /// assert!(!ReplayPolicy::Refuse.lets_in(Some("friday")));
    /// assert!(ReplayPolicy::Accept.lets_in(Some("friday")));
    /// ```
    pub const fn lets_in(self, replay: Option<&str>) -> bool {
        match self {
            Self::Refuse => replay.is_none(),
            Self::Accept => true,
        }
    }
}

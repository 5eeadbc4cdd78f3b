//! The check of live events.

use event_envelope::{DecodeError, Envelope, Version};

use crate::{Entry, PaymentCompleted};

/// The oldest version that a running service publishes, or did until lately. Those of version 1
/// are of v1 of the contract: archives may hold some, and these services never published any.
pub const OLDEST_LIVE: Version = Version::new(2, 0);

/// Whether a live event may be handled: it is of a version that is still published, and has the
/// members that its publisher always sets although they are optional in its schema.
///
/// # Errors
///
/// What is wrong with it. The caller should dead-letter it: it was not published by a service.
pub fn check_live(envelope: &Envelope) -> Result<(), DecodeError> {
    let Some(Entry { event_type, .. }) = Entry::of(&envelope.event_type) else { return Ok(()) };
    let version = envelope.event_version;
    if version < OLDEST_LIVE {
        let event_type = event_type.to_owned();
        let oldest = OLDEST_LIVE;
        return Err(DecodeError::RetiredVersion { event_type, version, oldest });
    }
    if event_type == PaymentCompleted::ENTRY.event_type && envelope.data["amount"].is_null() {
        return Err(DecodeError::field("data.amount", "missing: add the captured amount"));
    }
    Ok(())
}

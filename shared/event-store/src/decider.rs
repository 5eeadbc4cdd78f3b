//! The pure half of event sourcing: what follows from a command, and from an event.

use event_envelope::{AggregateId, Draft};
use serde_json::Value;
use time::OffsetDateTime;

/// A state that decides what happens next and evolves when it has happened.
///
/// All of it is pure: no I/O, no clock, no randomness. The [`Default`] value is the state before
/// anything happened.
pub trait Decider: Default {
    /// A request to change the aggregate, in the imperative.
    type Command;
    /// What has happened, in the past tense.
    type Event: event_envelope::FromEnvelope;
    /// The business rule that a command breaks.
    type Error;

    /// The events that follow from `command`; none when it has taken effect already.
    ///
    /// # Errors
    ///
    /// The business rule that the command breaks.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// The state after `event`. Never fails: a stored event cannot be rejected.
    #[must_use]
    fn evolve(self, event: &Self::Event) -> Self;

    /// An event for the envelope, at `sequence` in the history of `aggregate`.
    fn draft(
        event: &Self::Event,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value>;

    /// The state after a whole history.
    #[must_use]
    fn replay<'a>(events: impl IntoIterator<Item = &'a Self::Event>) -> Self
    where
        Self::Event: 'a,
    {
        events.into_iter().fold(Self::default(), Self::evolve)
    }
}

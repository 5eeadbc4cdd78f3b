//! What a [`Host`](crate::Host) hosts: a pure machine of facts, effects and events.

use event_envelope::{AggregateId, Draft};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use time::OffsetDateTime;

/// A small state machine that takes facts in any order, and knows which effect is due.
///
/// All of it is pure: what an effect led to comes back as one more fact. [`Host`](crate::Host)
/// does the I/O.
pub trait Machine: Clone + Default + Serialize + DeserializeOwned + Send {
    /// What it is told: events of others, and what its own effects led to.
    type Fact: Send;
    /// Something to do outside.
    type Effect: Send;
    /// What it says to others.
    type Event: Send;

    /// The state after `fact`, and what is to be said about it. Never fails: a fact that changes
    /// nothing changes nothing.
    fn apply(self, fact: &Self::Fact) -> (Self, Vec<Self::Event>);

    /// The effect that is to be had now, if there is one.
    fn due(&self) -> Option<Self::Effect>;

    /// An event for the envelope, at `sequence` in the history of `aggregate`.
    fn draft(
        event: &Self::Event,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value>;
}

/// An effect that is to be had now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due<E> {
    /// The effect.
    pub effect: E,
    /// Whether an earlier attempt may have had it already. Then look first, by the effect's own
    /// key, before doing it again: providers forget idempotency keys (Stripe's after a day), and a
    /// redelivery can be days late.
    pub resumed: bool,
}

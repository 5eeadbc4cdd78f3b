//! What a [`Host`](crate::Host) hosts: a pure machine of facts, effects and events.

use event_envelope::{AggregateId, Draft};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use time::OffsetDateTime;

/// A small state machine that takes facts in any order, and knows which effect is due.
///
/// All of it is pure: what an effect led to comes back as one more fact. [`Host`](crate::Host)
/// does the I/O. A cause that leaves the state equal, and has nothing said, is the first to be forgotten
/// when there are many.
pub trait Machine: Clone + Default + PartialEq + Serialize + DeserializeOwned + Send {
    /// What it is told: events of others, and what its own effects led to.
    type Fact: Send;
    /// Something to do outside. Equal ones are the same work: attempts at it are counted together.
    type Effect: Clone + PartialEq + Send + Sync;
    /// What it says to others.
    type Event: Send;

    /// The state after `fact`, and what is to be said about it. Never fails: a fact that changes
    /// nothing changes nothing.
    fn apply(self, fact: &Self::Fact) -> (Self, Vec<Self::Event>);

    /// The effect that is to be had now, if there is one.
    fn due(&self) -> Option<Self::Effect>;

    /// The fact that `effect` is given up after so many `attempts`, of which the last one failed
    /// for `reason` (for people, at most 500 characters). None, unless a machine says otherwise:
    /// this effect is never given up, and is tried as long as something brings the machine up.
    ///
    /// A machine that gives an effect up says so, and has nothing due until a fact lets it go on.
    /// The effect is then resumed: [`Due::resumed`].
    fn give_up(_effect: &Self::Effect, _attempts: u32, _reason: &str) -> Option<Self::Fact> {
        None
    }

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
    /// The number of this attempt, from 1: how often in a row this effect was tried, this time
    /// included. Something that takes its time can be asked for ever more rarely.
    pub attempt: u32,
}

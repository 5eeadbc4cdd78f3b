//! The pure half: a machine of inputs, commands and events.

use event_envelope::{AggregateId, Draft};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use time::OffsetDateTime;

/// A small state machine that takes inputs in any order, and knows which command is pending.
///
/// All of it is pure: the result of a command comes back as one more input.
/// [`Runner`](crate::Runner) does the I/O. A state is read back as it was written. A trigger that
/// leaves the state equal, and emits nothing, is the first whose note is dropped when there are
/// many.
pub trait StateMachine: Clone + Default + PartialEq + Serialize + DeserializeOwned + Send {
    /// What it takes: events of other services, and the results of its own commands.
    type Input: Send;
    /// A call to an external service. Equal ones are the same work: attempts at it are
    /// counted together.
    type Command: Clone + PartialEq + Send + Sync;
    /// What it emits, to be published.
    type Event: Send;

    /// The state after `input`, and the events that follow from it. Never fails: an input that
    /// changes nothing changes nothing.
    fn transition(self, input: &Self::Input) -> (Self, Vec<Self::Event>);

    /// The command that is to be run now, if there is one.
    fn pending(&self) -> Option<Self::Command>;

    /// The input that `command` is abandoned after so many `attempts`, of which the last one failed
    /// for `reason` (for people, at most 500 characters). None, unless a machine returns one: this
    /// command is never abandoned, and is tried as long as a delivery triggers the machine.
    ///
    /// A machine that abandons a command emits an event about it, and has nothing pending until an
    /// input lets it go on. The command is then resumed: [`Attempt::may_have_run`].
    fn on_exhausted(
        _command: &Self::Command,
        _attempts: u32,
        _reason: &str,
    ) -> Option<Self::Input> {
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

/// A command that is to be run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt<C> {
    /// The command, as [`StateMachine::pending`] returned it.
    pub command: C,
    /// Whether an earlier attempt may have run it already. Then query the provider first, by the
    /// command's own key, before running it again: providers forget idempotency keys (Stripe's
    /// after a day), and a redelivery can be days late.
    pub may_have_run: bool,
    /// The number of this attempt, from 1: how often in a row this command was tried, this time
    /// included. A command that polls can poll less often with each attempt.
    pub number: u32,
}

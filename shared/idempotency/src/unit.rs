//! The input of a handler, and what it returns: its result, its writes and its events, to be
//! committed as one.

use event_envelope::Envelope;
use runtime::Done;

use crate::{ConditionFailed, Write};

/// An attempt at a request: the input of a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt<T, F = ConditionFailed> {
    /// The request, as it was delivered.
    pub request: T,
    /// The record's id: the same for every attempt at this request and for no other. Use it
    /// as the idempotency key of a side effect elsewhere.
    pub id: String,
    /// The writes of the handler's last unit of work whose conditions failed. Empty at first, and
    /// in leased mode.
    pub failed_conditions: Vec<F>,
    /// In leased mode, whether an earlier attempt may have performed the side effect. Then query
    /// the provider first, by the side effect's own key, before performing it again: providers
    /// forget keys (Stripe's after a day), and a redelivery can be days late.
    pub resumed: bool,
}

/// What a handler wants to commit, all of it or nothing.
#[derive(Debug, Clone)]
pub struct UnitOfWork<R, W = Write> {
    /// The result, stored for duplicates. A rejection by the business is a result too.
    pub result: R,
    /// The handler's own writes, in the order in which [`ConditionFailed`] counts them.
    pub writes: Vec<W>,
    /// The events to publish.
    pub outgoing: Vec<Envelope>,
}

impl<R, W> UnitOfWork<R, W> {
    /// A unit with a result only.
    pub const fn new(result: R) -> Self {
        Self { result, writes: Vec::new(), outgoing: Vec::new() }
    }

    /// Adds a write.
    #[must_use]
    pub fn write(mut self, write: impl Into<W>) -> Self {
        self.writes.push(write.into());
        self
    }

    /// Adds an event to publish.
    #[must_use]
    pub fn publish(mut self, event: Envelope) -> Self {
        self.outgoing.push(event);
        self
    }
}

/// A handler's result, and whether it is a stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion<R> {
    /// The handler took effect now.
    New(R),
    /// It had taken effect before; this is the stored result.
    Replayed(R),
    /// The request is a replay from an archive, and the policy refuses those.
    ReplayRefused,
}

/// For consumers that only have to know whether to acknowledge.
impl<R> From<Completion<R>> for Done {
    fn from(completion: Completion<R>) -> Self {
        match completion {
            Completion::New(_) => Self::Handled,
            Completion::Replayed(_) => Self::Duplicate,
            Completion::ReplayRefused => Self::Ignored,
        }
    }
}

impl<R> Completion<R> {
    /// The result, new or old.
    pub fn into_result(self) -> Option<R> {
        match self {
            Self::New(result) | Self::Replayed(result) => Some(result),
            Self::ReplayRefused => None,
        }
    }
}

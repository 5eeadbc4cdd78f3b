//! What a handler is asked and what it returns: its result, its writes and its events, to be
//! committed as one.

use event_envelope::Envelope;
use runtime::Done;

use crate::{Refused, Write};

/// What a handler is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt<T, F = Refused> {
    /// The request.
    pub request: T,
    /// The record's id: the same for every attempt at this request and for no other. Take it as
    /// the key of an effect elsewhere.
    pub id: String,
    /// The writes of the handler's last answer whose conditions did not hold. Empty at first, and
    /// in leased mode.
    pub refused: Vec<F>,
    /// In leased mode, whether an earlier attempt may have had the effect. Then look first, by the
    /// effect's own key, before having it again: providers forget keys (Stripe's after a day), and
    /// a redelivery can be days late.
    pub resumed: bool,
}

/// What a handler wants to happen, all of it or nothing.
#[derive(Debug, Clone)]
pub struct UnitOfWork<R, W = Write> {
    /// The answer, kept for duplicates. A refusal by the business is an answer too.
    pub result: R,
    /// The handler's own writes, in the order in which [`Refused`] counts them.
    pub writes: Vec<W>,
    /// The events to publish.
    pub outgoing: Vec<Envelope>,
}

impl<R, W> UnitOfWork<R, W> {
    /// A unit that only answers.
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

/// A handler's result, and whether it was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion<R> {
    /// The handler took effect now.
    New(R),
    /// It had taken effect before; this is the result it had then.
    Replayed(R),
    /// An archive sends the request again, and the guard keeps such requests out.
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

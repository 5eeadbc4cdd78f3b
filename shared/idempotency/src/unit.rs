//! What a handler returns: its result, its writes and its events, to be committed as one.

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use event_envelope::Envelope;

use crate::Write;

/// What a handler wants to happen, all of it or nothing.
#[derive(Debug, Clone)]
pub struct UnitOfWork<R> {
    /// The answer, kept for duplicates.
    pub result: R,
    /// The handler's own writes, in the order in which [`Refused`](crate::Refused) counts them.
    pub writes: Vec<Write>,
    /// The events to publish.
    pub outgoing: Vec<Envelope>,
}

impl<R> UnitOfWork<R> {
    /// A unit that only answers.
    pub fn new(result: R) -> Self {
        Self { result, writes: Vec::new(), outgoing: Vec::new() }
    }

    /// Adds a write.
    #[must_use]
    pub fn write(mut self, write: impl Into<Write>) -> Self {
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

macro_rules! from_action {
    ($($action:ident by $method:ident),+) => {
        $(impl From<$action> for Write {
            fn from(action: $action) -> Self {
                Self(TransactWriteItem::builder().$method(action).build())
            }
        })+
    };
}

from_action!(Put by put, Update by update, Delete by delete, ConditionCheck by condition_check);

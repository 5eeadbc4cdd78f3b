//! The I/O around a decider: load, decide, append, and decide again on a conflict.

use event_envelope::{
    Actor, AggregateId, CorrelationId, DecodeError, Draft, Envelope, FromEnvelope, TooDeep,
};
use runtime::{BoxError, Clock};
use serde_json::Value;
use time::OffsetDateTime;
use tracing::{Level, event};

use crate::{Decider, EventStore, StoreError};

/// How often a command is decided again after another writer appended first.
const ATTEMPTS_MAX: usize = 5;

/// What new events follow from.
#[derive(Debug, Clone, Copy)]
pub enum Causation<'a> {
    /// A command from outside.
    Root(&'a CorrelationId, &'a Actor),
    /// Another event.
    Event(&'a Envelope),
    /// Another event, on which not its own actor has acted but this one: an operator, or a sweeper.
    /// The correlation is the event's, and the trace unless the actor has one; `actor` and `reason`
    /// are the actor's.
    EventBy(&'a Envelope, &'a Actor),
}

impl Causation<'_> {
    fn seal(self, draft: Draft<Value>) -> Result<Envelope, TooDeep> {
        match self {
            Self::Root(correlation, actor) => Ok(draft.root(correlation.clone(), actor.clone())),
            Self::Event(cause) => draft.caused_by(cause),
            Self::EventBy(cause, Actor { id, reason, traceparent }) => {
                let mut event = draft.caused_by(cause)?;
                let metadata = &mut event.metadata;
                metadata.actor = id.clone();
                metadata.reason = reason.clone();
                metadata.traceparent = traceparent.clone().or(metadata.traceparent.take());
                Ok(event)
            }
        }
    }
}

/// What a command led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// The events of the stream before the command, oldest first.
    pub history: Vec<Envelope>,
    /// The new events; none when it had taken effect already.
    pub events: Vec<Envelope>,
}

/// Why a command led to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E> {
    /// The decider rejected it.
    #[error("the command is rejected")]
    Rejected(#[source] E),
    /// Other writers appended first every time. Retry later.
    #[error("the stream is contended")]
    Contended,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stream holds an event that this code cannot read.
    #[error("the stream holds an event that cannot be read")]
    Unreadable(#[source] DecodeError),
    /// The chain of causes is too long.
    #[error(transparent)]
    TooDeep(#[from] TooDeep),
}

impl Executed {
    /// The version of the stream after the command: how many events it has had.
    pub fn version(&self) -> u64 {
        let last = self.events.last().or_else(|| self.history.last());
        last.map_or(0, |event| event.sequence_number)
    }

    /// The state to which the command has led.
    ///
    /// # Errors
    ///
    /// When `D` cannot read an event; it can if it is the decider that was executed.
    pub fn state<D: Decider>(&self) -> Result<D, DecodeError> {
        state_of(self.history.iter().chain(&self.events))
    }
}

/// The state after these events, all of a stream from its first on.
///
/// # Errors
///
/// When one cannot be read: this needs manual intervention.
pub fn state_of<'a, D: Decider>(
    events: impl IntoIterator<Item = &'a Envelope>,
) -> Result<D, DecodeError> {
    let read = |state: D, event| Ok(state.evolve(&D::Event::from_envelope(event)?));
    events.into_iter().try_fold(D::default(), read)
}

/// Loads a stream, decides on `command`, and appends what follows.
///
/// On a conflict it loads and decides again, so that a rule holds over all events and not only over
/// those that were read first. The decider must recognize a command that has taken effect: an
/// append whose answer is lost for good leaves its events, and the caller retries.
///
/// # Errors
///
/// [`ExecuteError::Rejected`] is the domain's answer. Contention and an unavailable store are worth
/// a retry: nothing has happened, or all of it. The others are not.
pub async fn execute<D: Decider>(
    store: &EventStore,
    aggregate: &AggregateId,
    command: &D::Command,
    causation: Causation<'_>,
    clock: &Clock,
) -> Result<Executed, ExecuteError<D::Error>> {
    for _ in 0..ATTEMPTS_MAX {
        let history = store.load(aggregate, 0).await?;
        let state: D = state_of(&history).map_err(ExecuteError::Unreadable)?;
        let next = history.len() as u64 + 1;
        let events = decided(&state, command, aggregate, next, causation, clock.now())?;
        match store.append(&events).await {
            Ok(()) => return Ok(Executed { history, events }),
            Err(StoreError::Conflict { .. }) => {
                event!(target: "metrics", Level::TRACE, monotonic_counter.Conflicts = 1_u64);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(ExecuteError::Contended)
}

/// Decides on the `command` that begins a stream, without loading it, and appends what follows at
/// the time `at`, with a due entry for `due_at` ([`EventStore::append_due`]).
///
/// For a stream that most probably is not there. It costs no read: the append itself shows whether
/// another caller was first.
///
/// # Errors
///
/// As [`execute`]; [`StoreError::Conflict`] within [`ExecuteError::Store`] when the stream is
/// there: load it. [`StoreError::Invalid`] when the command leads to no event.
pub async fn begin<D: Decider>(
    store: &EventStore,
    aggregate: &AggregateId,
    command: &D::Command,
    causation: Causation<'_>,
    at: OffsetDateTime,
    due_at: OffsetDateTime,
) -> Result<Executed, ExecuteError<D::Error>> {
    let events = decided(&D::default(), command, aggregate, 1, causation, at)?;
    store.append_due(&events, due_at).await?;
    Ok(Executed { history: Vec::new(), events })
}

/// The events that follow from `command`, the first of them at the place `next` of the stream.
fn decided<D: Decider>(
    state: &D,
    command: &D::Command,
    aggregate: &AggregateId,
    next: u64,
    causation: Causation<'_>,
    at: OffsetDateTime,
) -> Result<Vec<Envelope>, ExecuteError<D::Error>> {
    let events = state.decide(command).map_err(ExecuteError::Rejected)?;
    let mut sealed = Vec::with_capacity(events.len());
    for (sequence, event) in (next..).zip(&events) {
        let draft = D::draft(event, aggregate.clone(), sequence, at);
        sealed.push(causation.seal(draft)?);
    }
    Ok(sealed)
}

impl<E: Into<BoxError>> From<ExecuteError<E>> for runtime::Failure {
    fn from(error: ExecuteError<E>) -> Self {
        match error {
            ExecuteError::Rejected(rule) => Self::permanent(rule),
            ExecuteError::Contended => Self::retry("the stream is contended"),
            ExecuteError::Store(error) => error.into(),
            ExecuteError::Unreadable(error) => Self::permanent(error),
            ExecuteError::TooDeep(error) => Self::permanent(error),
        }
    }
}

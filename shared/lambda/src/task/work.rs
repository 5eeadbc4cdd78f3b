//! A task, read strictly.

use event_envelope::{DecodeError, Decoder, Delivery, FromEnvelope, canonical, fingerprint};
use runtime::Failure;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The field that holds the task's name.
const TASK: &str = "task";
/// The field that holds the event that the workflow works off.
const EVENT: &str = "event";

/// A piece of work that a workflow asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task<C, E = ()> {
    /// What is to be done.
    pub command: C,
    /// The event that the workflow works off: what all that is said follows from.
    pub delivery: Delivery<E>,
    /// Names this work for ever: the same however often it is asked for.
    pub id: String,
    /// A hash of all that it says. The same id with another hash is another's work.
    pub hash: String,
}

impl<C, E> Task<C, E> {
    /// What kind of work it is: the last part of its id.
    pub fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }
}

/// What is wrong with a task.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("the task has no {0:?}")]
    Missing(&'static str),
    #[error("the task {name:?} cannot be read")]
    Command { name: String, source: serde_json::Error },
    #[error("the event of the task {name:?} cannot be read")]
    Event { name: String, source: DecodeError },
    #[error("the task {name:?} is for an event of the replay {replay:?}")]
    Replay { name: String, replay: String },
}

impl<C: DeserializeOwned, E: FromEnvelope> Task<C, E> {
    /// Reads a task: `task`, its name, and `event` beside the fields of the command, which is an
    /// enum tagged by `task`.
    ///
    /// # Errors
    ///
    /// Poison, naming what is missing or wrong, or when the event comes from a replay of an
    /// archive: a workflow moves money and goods, and those are not moved again.
    pub fn read(mut fields: Map<String, Value>, decoder: &Decoder) -> Result<Self, Failure> {
        let event = fields.remove(EVENT).ok_or_else(|| poison(Unreadable::Missing(EVENT)))?;
        let name = match fields.get(TASK) {
            Some(Value::String(name)) => name.clone(),
            _ => return Err(poison(Unreadable::Missing(TASK))),
        };
        let delivery = decoder
            .decode::<E>(event.to_string().as_bytes())
            .map_err(|source| poison(Unreadable::Event { name: name.clone(), source }))?;
        if let Some(replay) = delivery.replay {
            return Err(poison(Unreadable::Replay { name, replay }));
        }
        let command = Value::Object(fields);
        let said = canonical(&command);
        let id = format!("{}/{name}", delivery.envelope.event_id);
        let hash = fingerprint(&[delivery.envelope.payload_hash().as_bytes(), said.as_bytes()]);
        let command = serde_json::from_value(command)
            .map_err(|source| poison(Unreadable::Command { name, source }))?;
        Ok(Self { command, delivery, id, hash })
    }
}

fn poison(error: Unreadable) -> Failure {
    Failure::permanent(error)
}

//! A task, read strictly.

use event_envelope::{DecodeError, Decoder, Delivery, FromEnvelope, canonical, fingerprint};
use runtime::Failure;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The field that holds the task's name.
const TASK: &str = "task";
/// The field that holds the event that the workflow is about.
const EVENT: &str = "event";

/// A piece of work that a workflow asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task<C, E = ()> {
    /// What is to be done.
    pub command: C,
    /// The event that the workflow is about, and the cause of all events that follow.
    pub delivery: Delivery<E>,
    /// Its idempotency key: the same each time this work is asked for.
    pub id: String,
    /// A hash of the whole task. The same id with another hash is another task.
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
    /// Permanent, naming what is missing or wrong, or when the event comes from a replay of an
    /// archive: a workflow moves money and goods, and those are not moved again.
    pub fn read(mut fields: Map<String, Value>, decoder: &Decoder) -> Result<Self, Failure> {
        let event = fields.remove(EVENT).ok_or_else(|| permanent(Unreadable::Missing(EVENT)))?;
        let name = match fields.get(TASK) {
            Some(Value::String(name)) => name.clone(),
            _ => return Err(permanent(Unreadable::Missing(TASK))),
        };
        let delivery = decoder
            .decode::<E>(event.to_string().as_bytes())
            .map_err(|source| permanent(Unreadable::Event { name: name.clone(), source }))?;
        if let Some(replay) = delivery.replay {
            return Err(permanent(Unreadable::Replay { name, replay }));
        }
        let command = Value::Object(fields);
        let canonical = canonical(&command);
        let id = format!("{}/{name}", delivery.envelope.event_id);
        let hash =
            fingerprint(&[delivery.envelope.payload_hash().as_bytes(), canonical.as_bytes()]);
        let command = serde_json::from_value(command)
            .map_err(|source| permanent(Unreadable::Command { name, source }))?;
        Ok(Self { command, delivery, id, hash })
    }
}

fn permanent(error: Unreadable) -> Failure {
    Failure::permanent(error)
}

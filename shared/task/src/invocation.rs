//! What a function is invoked with, and what it answers.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use event_envelope::{Decoder, FromEnvelope};
use outcome::Failure;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tracing::{Instrument, error, error_span, info, warn};

use crate::{Task, TaskError};

/// The field by which the payload of a queue's mapping is known.
const RECORDS: &str = "Records";

/// What a function is invoked with.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub enum Invocation {
    /// Some messages of its queue.
    Batch(SqsEvent),
    /// A task, not looked at yet.
    Task(Map<String, Value>),
}

impl TryFrom<Map<String, Value>> for Invocation {
    type Error = serde_json::Error;

    fn try_from(payload: Map<String, Value>) -> Result<Self, Self::Error> {
        if payload.contains_key(RECORDS) {
            serde_json::from_value(Value::Object(payload)).map(Self::Batch)
        } else {
            Ok(Self::Task(payload))
        }
    }
}

/// What a function answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer<A> {
    /// To the queue's mapping: the messages that are to come again.
    Batch(SqsBatchResponse),
    /// To the workflow.
    Task(A),
}

/// Hands the invocation to whom it is for.
///
/// # Errors
///
/// Only for a task: what the workflow is told. [`TaskError::Retry`] is worth another try.
pub async fn answer<C, E, A>(
    invocation: Invocation,
    decoder: &Decoder,
    consume: impl AsyncFnOnce(SqsEvent) -> SqsBatchResponse,
    work: impl AsyncFnOnce(Task<C, E>) -> Result<A, Failure>,
) -> Result<Answer<A>, TaskError>
where
    C: DeserializeOwned,
    E: FromEnvelope,
{
    match invocation {
        Invocation::Batch(batch) => Ok(Answer::Batch(consume(batch).await)),
        Invocation::Task(fields) => settle(fields, decoder, work).await.map(Answer::Task),
    }
}

async fn settle<C, E, A>(
    fields: Map<String, Value>,
    decoder: &Decoder,
    work: impl AsyncFnOnce(Task<C, E>) -> Result<A, Failure>,
) -> Result<A, TaskError>
where
    C: DeserializeOwned,
    E: FromEnvelope,
{
    let task = match Task::<C, E>::read(fields, decoder) {
        Ok(task) => task,
        Err(failure) => {
            error!(%failure, "a task cannot be read");
            return Err(failure.into());
        }
    };
    let envelope = &task.delivery.envelope;
    let span = error_span!(
        "task",
        task_id = task.id,
        event_id = envelope.event_id.as_str(),
        correlation_id = envelope.correlation_id.as_str(),
        aggregate_id = envelope.aggregate_id.as_str(),
    );
    let work = async {
        let outcome = work(task).await;
        match &outcome {
            Ok(_) => info!(outcome = "answered", "task"),
            Err(failure) if failure.is_retry() => warn!(%failure, outcome = "retry", "task"),
            Err(failure) => error!(%failure, outcome = "poison", "task"),
        }
        outcome
    };
    work.instrument(span).await.map_err(TaskError::from)
}

//! What a function is invoked with, and what it answers.

use std::time::Instant;

use aws_lambda_events::sqs::SqsBatchResponse;
use event_envelope::{Decoder, FromEnvelope};
use runtime::{Failure, Tracer};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tracing::{Instrument, Level, Span, error, error_span, event, field::Empty, info, warn};

use crate::{
    batch::{QueueBatch, WrongSource, event_source},
    task::{Task, TaskError},
};

/// The field that marks the payload of a queue's mapping.
const RECORDS: &str = "Records";
/// The field that marks a task.
const TASK: &str = "task";
/// What is read here, for an error.
const EXPECTED: &str = "aws:sqs, or a task";

/// What a function is invoked with.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub enum Invocation {
    /// Some messages of its queue.
    Batch(QueueBatch),
    /// A task, not read yet.
    Task(Map<String, Value>),
}

impl TryFrom<Map<String, Value>> for Invocation {
    type Error = WrongSource;

    fn try_from(payload: Map<String, Value>) -> Result<Self, Self::Error> {
        if payload.contains_key(RECORDS) {
            return QueueBatch::try_from(Value::Object(payload)).map(Self::Batch);
        }
        let is_task = payload.contains_key(TASK);
        match event_source(&payload).filter(|_| !is_task) {
            Some(found) => Err(WrongSource { found, expected: EXPECTED }),
            None => Ok(Self::Task(payload)),
        }
    }
}

/// What a function answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer<A> {
    /// To the queue's mapping: the messages that are to be delivered again.
    Batch(SqsBatchResponse),
    /// To the workflow.
    Task(A),
}

/// Passes the invocation to `consume` if it is a batch, to `work` if it is a task.
///
/// # Errors
///
/// Only for a task: the error that the workflow matches, [`TaskError::Retry`] or
/// [`TaskError::Permanent`].
pub async fn answer<C, E, A>(
    invocation: Invocation,
    decoder: &Decoder,
    consume: impl AsyncFnOnce(QueueBatch) -> SqsBatchResponse,
    work: impl AsyncFnOnce(Task<C, E>) -> Result<A, Failure>,
) -> Result<Answer<A>, TaskError>
where
    C: DeserializeOwned,
    E: FromEnvelope,
{
    answer_traced(invocation, decoder, &Tracer::off(), consume, work).await
}

/// As [`answer`], and continues the trace of the event that a task is about: the task is a span of
/// it, and the event that `work` receives names that span, so that the events it publishes are
/// within it.
///
/// # Errors
///
/// As [`answer`].
pub async fn answer_traced<C, E, A>(
    invocation: Invocation,
    decoder: &Decoder,
    tracer: &Tracer,
    consume: impl AsyncFnOnce(QueueBatch) -> SqsBatchResponse,
    work: impl AsyncFnOnce(Task<C, E>) -> Result<A, Failure>,
) -> Result<Answer<A>, TaskError>
where
    C: DeserializeOwned,
    E: FromEnvelope,
{
    match invocation {
        Invocation::Batch(batch) => Ok(Answer::Batch(consume(batch).await)),
        Invocation::Task(fields) => {
            handle_task(fields, decoder, tracer, work).await.map(Answer::Task)
        }
    }
}

async fn handle_task<C, E, A>(
    fields: Map<String, Value>,
    decoder: &Decoder,
    tracer: &Tracer,
    work: impl AsyncFnOnce(Task<C, E>) -> Result<A, Failure>,
) -> Result<A, TaskError>
where
    C: DeserializeOwned,
    E: FromEnvelope,
{
    let mut task = match Task::<C, E>::read(fields, decoder) {
        Ok(task) => task,
        Err(failure) => {
            error!(%failure, "a task cannot be read");
            event!(
                target: "metrics",
                Level::TRACE,
                monotonic_counter.TasksPoisoned = 1_u64,
                Task = "unknown",
            );
            return Err(failure.into());
        }
    };
    let envelope = &task.delivery.envelope;
    let span = error_span!(
        "task",
        otel.kind = "server",
        task = task.name(),
        task_id = task.id,
        event_id = envelope.event_id.as_str(),
        correlation_id = envelope.correlation_id.as_str(),
        causation_id = envelope.causation_id.as_ref().map(|id| id.as_str()),
        aggregate_id = envelope.aggregate_id.as_str(),
        outcome = Empty,
        trace_id = Empty,
        span_id = Empty,
        parent_span_id = Empty,
    );
    if let Some(child) = tracer.child_context(envelope.metadata.traceparent.as_deref()) {
        child.record(&span);
        task.delivery.envelope.metadata.traceparent = Some(child.traceparent());
    }
    let name = task.name().to_owned();
    let begun = Instant::now();
    let work = async {
        let outcome = work(task).await;
        match &outcome {
            Ok(_) => info!(outcome = "answered", "task"),
            Err(failure) if failure.is_retry() => warn!(%failure, outcome = "retry", "task"),
            Err(failure) => error!(%failure, outcome = "permanent_failure", "task"),
        }
        measure(&outcome, &name, begun);
        outcome
    };
    work.instrument(span).await.map_err(TaskError::from)
}

/// Records the outcome of a task, for metrics and in its span.
fn measure<A>(outcome: &Result<A, Failure>, task: &str, begun: Instant) {
    let is_retry = outcome.as_ref().err().map(Failure::is_retry);
    let outcome = match is_retry {
        None => "answered",
        Some(true) => "retry",
        Some(false) => "permanent_failure",
    };
    Span::current().record("outcome", outcome);
    event!(
        target: "metrics",
        Level::TRACE,
        monotonic_counter.TasksAnswered = is_retry.is_none().then_some(1_u64),
        monotonic_counter.TasksRetried = (is_retry == Some(true)).then_some(1_u64),
        monotonic_counter.TasksPoisoned = (is_retry == Some(false)).then_some(1_u64),
        histogram.TaskMs = begun.elapsed().as_secs_f64() * 1_000.0,
        Task = task,
    );
}

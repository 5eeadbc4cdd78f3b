//! A function that consumes events, and one that takes the tasks of a workflow beside them.

use std::{future::Future, sync::Arc};

use aws_lambda_events::sqs::SqsBatchResponse;
use event_envelope::{Decoder, Delivery, FromEnvelope};
use lambda_runtime::Diagnostic;
use runtime::{Done, Failure};
use serde::{Serialize, de::DeserializeOwned};
use tower::Service;

use crate::{
    Answer, Consumer, Function, Invocation, Task, Tasks, answer_traced, batch::QueueBatch,
};

/// Handles the events that a consumer subscribes to.
pub trait EventHandler {
    /// The events, as an enum of the few that are consumed.
    type Event: FromEnvelope;

    /// Handles one event. It may be called twice for the same, and in any order.
    ///
    /// # Errors
    ///
    /// Retry when it may succeed later, permanent when it never will.
    fn handle(
        &self,
        delivery: Delivery<Self::Event>,
    ) -> impl Future<Output = Result<Done, Failure>>;
}

/// Handles the tasks that a workflow asks for.
pub trait TaskHandler {
    /// What a task may ask for, as an enum tagged by `task`.
    type Command: DeserializeOwned;
    /// The event that a task is about.
    type Event: FromEnvelope;
    /// What the workflow receives.
    type Answer: Serialize;

    /// Handles one task. It may be called twice for the same.
    ///
    /// # Errors
    ///
    /// Retry when the workflow should try again, permanent when it should not.
    fn handle_task(
        &self,
        task: Task<Self::Command, Self::Event>,
    ) -> impl Future<Output = Result<Self::Answer, Failure>>;
}

impl<T: EventHandler> EventHandler for Arc<T> {
    type Event = T::Event;

    fn handle(
        &self,
        delivery: Delivery<Self::Event>,
    ) -> impl Future<Output = Result<Done, Failure>> {
        self.as_ref().handle(delivery)
    }
}

impl<T: TaskHandler> TaskHandler for Arc<T> {
    type Command = T::Command;
    type Event = T::Event;
    type Answer = T::Answer;

    fn handle_task(
        &self,
        task: Task<Self::Command, Self::Event>,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> {
        self.as_ref().handle_task(task)
    }
}

/// `handler` as the service that a [`Consumer`] calls.
pub fn service<H>(
    handler: H,
) -> impl Service<Delivery<H::Event>, Response = Done, Error = Failure> + Clone
where
    H: EventHandler + Clone + 'static,
{
    tower::service_fn(move |delivery| {
        let handler = handler.clone();
        // The futures of the SDK are deep: one more layer around them is too much to compile.
        Box::pin(async move { handler.handle(delivery).await })
    })
}

impl<E, S> Function for Consumer<S, E>
where
    E: FromEnvelope,
    S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
{
    type Event = QueueBatch;
    type Response = SqsBatchResponse;

    async fn handle(&self, batch: QueueBatch) -> Result<SqsBatchResponse, Diagnostic> {
        Ok(Box::pin(self.consume(batch)).await)
    }
}

/// A function that consumes events, and takes the tasks of a workflow beside them.
#[derive(Debug)]
pub struct WithTasks<S, E, T> {
    consumer: Consumer<S, E>,
    tasks: T,
    mode: Tasks,
    decoder: Decoder,
}

impl<S, E> Consumer<S, E>
where
    E: FromEnvelope,
    S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
{
    /// A function that consumes events as this does and passes tasks to `tasks`, if `mode` accepts
    /// any. The event of a task is read by `decoder`.
    pub fn with_tasks<T>(self, tasks: T, mode: Tasks, decoder: Decoder) -> WithTasks<S, E, T> {
        WithTasks { consumer: self, tasks, mode, decoder }
    }
}

impl<S, E, T> Function for WithTasks<S, E, T>
where
    E: FromEnvelope,
    S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    T: TaskHandler,
{
    type Event = Invocation;
    type Response = Answer<T::Answer>;

    async fn handle(&self, invocation: Invocation) -> Result<Self::Response, Diagnostic> {
        let invocation = self.mode.admit(invocation)?;
        let consume = async |batch| Box::pin(self.consumer.consume(batch)).await;
        // The futures of the SDK are deep: one more layer around them is too much to compile.
        let work = async |task| Box::pin(self.tasks.handle_task(task)).await;
        let tracer = self.consumer.tracer();
        Ok(answer_traced(invocation, &self.decoder, tracer, consume, work).await?)
    }
}

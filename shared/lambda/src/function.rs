//! A Lambda function: what it is built of, what it does with an invocation, how it is started.

use std::{future::Future, marker::PhantomData};

use aws_clients::Aws;
use event_envelope::{Decoder, Delivery, FromEnvelope};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use runtime::{
    Clock, Done, Environment, Failure, FromEnvironment, IdGenerator, Tracer, with_deadline,
};
use serde::{Serialize, de::DeserializeOwned};
use tower::Service;

use crate::{Consumer, DeadLetterQueue, QueueConfig, ReplayPolicy};

/// Handles one invocation at a time.
pub trait Function {
    /// What it is invoked with.
    type Event: DeserializeOwned;
    /// What it answers.
    type Response: Serialize;

    /// Handles one invocation, within the time that [`runtime::remaining`] returns.
    ///
    /// # Errors
    ///
    /// What fails the invocation, under the name by which its caller matches it.
    fn handle(
        &self,
        event: Self::Event,
    ) -> impl Future<Output = Result<Self::Response, Diagnostic>>;
}

/// What a function is built with, beside its configuration. In production it is the process's; a
/// test or a simulation passes its own.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// The function's name, in logs and dead-lettered messages.
    pub name: &'static str,
    /// Clients of AWS.
    pub aws: Aws,
    /// The time.
    pub clock: Clock,
    /// Ids that no other process has.
    pub ids: IdGenerator,
    /// Whether spans are recorded.
    pub tracer: Tracer,
}

impl Runtime {
    /// A consumer of the events in `queue`, which `service` handles.
    pub fn consumer<S, E>(
        &self,
        queue: QueueConfig,
        decoder: Decoder,
        replay: ReplayPolicy,
        service: S,
    ) -> Consumer<S, E>
    where
        E: FromEnvelope,
        S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone,
    {
        let dead_letters = DeadLetterQueue::new(self.aws.sqs(), queue.url, queue.dead_letter_url);
        Consumer::new(self.name, decoder, replay, dead_letters, service)
            .clock(self.clock.clone())
            .traced(self.tracer.clone())
    }
}

/// A function that is an asynchronous closure, and fails no invocation.
#[derive(Debug, Clone, Copy)]
pub struct FromFn<F, E, R> {
    handle: F,
    types: PhantomData<fn(E) -> R>,
}

/// A function that answers with what `handle` returns, and fails no invocation.
pub const fn from_fn<F, E, R>(handle: F) -> FromFn<F, E, R>
where
    F: AsyncFn(E) -> R,
{
    FromFn { handle, types: PhantomData }
}

impl<F, E, R> Function for FromFn<F, E, R>
where
    F: AsyncFn(E) -> R,
    E: DeserializeOwned,
    R: Serialize,
{
    type Event = E;
    type Response = R;

    async fn handle(&self, event: E) -> Result<R, Diagnostic> {
        Ok((self.handle)(event).await)
    }
}

/// Starts the function `name`: reads its configuration from the environment, initializes telemetry
/// and clients, has `build` build the function, and handles invocations until the process ends.
///
/// # Errors
///
/// When the configuration is incomplete or `build` fails: the process should end, and Lambda
/// reports the error as a failed initialization.
pub async fn run<C, F>(
    name: &'static str,
    build: impl AsyncFnOnce(C, Runtime) -> Result<F, Error>,
) -> Result<(), Error>
where
    C: FromEnvironment,
    F: Function,
{
    let environment = Environment::of_process();
    let config = C::read(&environment)?;
    let tracer = telemetry::init(name, environment.optional("RUST_LOG").as_deref())?;
    let aws = Aws::from_env()?;
    let clock = &Clock::system();
    let ids = IdGenerator::random();
    let runtime = Runtime { name, aws, clock: clock.clone(), ids, tracer };
    let function = &build(config, runtime).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<F::Event>| {
        let LambdaEvent { payload, context } = event;
        // The futures of the SDK are deep: one more layer around them is too much to compile.
        let handling = Box::pin(function.handle(payload));
        with_deadline(clock.until(context.deadline), handling).await
    }))
    .await
}

//! Any SAM template of Rust functions, running on one machine: every table, queue, bus, function,
//! mapping, route, schedule and state machine of it, in this process and on the loopback interface,
//! with the functions as processes of their own.
//!
//! [`Stack::start`] runs a template by itself. What it needs besides, such as stand-ins for providers
//! outside AWS, is given as [`StackContext`]. [`build`] compiles the functions.

pub mod build;
pub mod console;
mod context;
mod deliver;
mod error;
mod inspect;
mod listeners;
mod logs;
mod mappings;
mod options;
mod overview;
mod quiet;
mod resources;
mod rights;
mod schedules;
mod secrets;
pub mod specs;
mod start;
pub mod telemetry;
mod workflows;

use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
};

use local_dynamodb::DynamoDb;
use local_eventbridge::EventBridge;
use local_gateway::SocketApi;
use local_lambda::{LambdaHost, event_source::EventSourceMapping};
use local_scheduler::Scheduler;
use local_secrets::Secrets;
use local_sqs::Sqs;
use local_states::StepFunctions;
use local_template::Template;
use parking_lot::{Mutex, MutexGuard};
use tokio::task::JoinSet;

pub use context::{NoContext, StackContext};
pub use error::StackError;
pub use inspect::{METRICS_PATH, OVERVIEW_PATH};
pub use local_eventbridge::Disorder;
pub use local_scheduler::SchedulePace;
pub use logs::{Logs, short as short_name};
pub use options::{LogOptions, Ports, Proxies, Redelivery, StackOptions};
pub use overview::{Overview, ScheduleRow, SocketRow, StateMachineRow};
pub use start::load_template;

/// A running stack. Clones are the same one. When the last of them is dropped without
/// [`stop`](Self::stop), its processes are killed as well, but their end is not waited for.
#[derive(Clone)]
pub struct Stack(Arc<Inner>);

/// A stack that is kept running by others.
#[derive(Clone)]
pub struct WeakStack(Weak<Inner>);

struct Inner {
    name: String,
    template: Template,
    dynamodb: DynamoDb,
    sqs: Sqs,
    secrets: Secrets,
    bus: EventBridge,
    lambda: LambdaHost,
    mappings: Vec<EventSourceMapping>,
    /// Why the others are not at work.
    refused_mappings: Vec<String>,
    state_machines: StepFunctions,
    sockets: Option<SocketApi>,
    scheduler: Scheduler,
    /// The functions that nothing but a schedule invokes, by name.
    only_scheduled: BTreeSet<String>,
    logs: Arc<Logs>,
    refusals: Arc<rights::Refusals>,
    urls: Urls,
    servers: Mutex<JoinSet<()>>,
}

#[derive(Debug, Clone)]
struct Urls {
    endpoint: String,
    api: String,
    external: String,
    /// Of the WebSocket API, without its stage.
    sockets: String,
}

impl Stack {
    /// Ends everything, and returns when no process of it is left.
    pub async fn stop(&self) {
        self.0.scheduler.stop().await;
        self.0.state_machines.stop().await;
        if let Some(sockets) = &self.0.sockets {
            sockets.stop().await;
        }
        // What a mapping waits for may be a function that hangs: both end together.
        let mappings = self.0.mappings.iter().map(EventSourceMapping::stop);
        let mappings = futures_util::future::join_all(mappings);
        tokio::join!(self.0.lambda.shutdown(), mappings);
        let mut servers = std::mem::take(&mut *self.servers());
        servers.shutdown().await;
    }

    fn servers(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.servers.lock()
    }

    /// The template, with the names and URLs of this run.
    pub fn template(&self) -> &Template {
        &self.0.template
    }

    /// The tables.
    pub fn dynamodb(&self) -> &DynamoDb {
        &self.0.dynamodb
    }

    /// The queues.
    pub fn sqs(&self) -> &Sqs {
        &self.0.sqs
    }

    /// The secrets, which can be changed while functions use them.
    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    /// The bus.
    pub fn bus(&self) -> &EventBridge {
        &self.0.bus
    }

    /// The functions.
    pub fn lambda(&self) -> &LambdaHost {
        &self.0.lambda
    }

    /// The event source mappings.
    pub fn mappings(&self) -> &[EventSourceMapping] {
        &self.0.mappings
    }

    /// The mappings that Lambda would not create, for the role of the function lacks what they need:
    /// each with what it lacks.
    pub fn refused_mappings(&self) -> &[String] {
        &self.0.refused_mappings
    }

    /// The state machines, their executions, and the histories of those. An execution has the
    /// name that it was started with.
    pub fn state_machines(&self) -> &StepFunctions {
        &self.0.state_machines
    }

    /// The schedules that are at work.
    pub fn scheduler(&self) -> &Scheduler {
        &self.0.scheduler
    }

    /// The state machines and schedules, and what they have done so far.
    pub fn overview(&self) -> Overview {
        Overview::of(self)
    }

    /// The functions' logs.
    pub fn logs(&self) -> &Logs {
        &self.0.logs
    }

    /// The requests of functions that their roles do not allow, by what they were answered.
    pub fn refusals(&self) -> Vec<String> {
        self.0.refusals.messages()
    }

    /// The URL of the HTTP API.
    pub fn api_url(&self) -> &str {
        &self.0.urls.api
    }

    /// Where clients connect to the WebSocket API, if the template has one: `ws://HOST:PORT/STAGE`.
    pub fn socket_url(&self) -> Option<String> {
        let api = self.0.template.socket_api.as_ref()?;
        Some(format!("{}/{}", self.0.urls.sockets, api.stage))
    }

    /// The WebSocket API, if the template has one.
    pub fn sockets(&self) -> Option<&SocketApi> {
        self.0.sockets.as_ref()
    }

    /// The URL that stands for every AWS service.
    pub fn endpoint_url(&self) -> &str {
        &self.0.urls.endpoint
    }

    /// The URL of the [external services](StackContext::external_services).
    pub fn external_url(&self) -> &str {
        &self.0.urls.external
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The name of a table whose own name the template writes after the stack's: `local-parcels` of
    /// `parcels`.
    pub fn table(&self, name: &str) -> String {
        format!("{}-{name}", self.0.name)
    }

    /// Has work done beside what the template says, until the stack is stopped. It must not hold
    /// the stack: see [`downgrade`](Self::downgrade).
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.servers().spawn(work);
    }

    /// The same stack, for those who are not to keep it running.
    pub fn downgrade(&self) -> WeakStack {
        WeakStack(Arc::downgrade(&self.0))
    }
}

impl WeakStack {
    /// The stack, if it is still there.
    pub fn upgrade(&self) -> Option<Stack> {
        self.0.upgrade().map(Stack)
    }
}

impl std::fmt::Debug for WeakStack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WeakStack")
    }
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack").field("urls", &self.0.urls).finish_non_exhaustive()
    }
}

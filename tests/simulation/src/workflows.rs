//! Step Functions: the state machines of the template, whose tasks are handed to its functions.
//!
//! Executions run as tasks of the world's own runtime, so that their waits are virtual time, and
//! what they draw follows from the seed. A function is a process of this thread alone: its
//! invocations come over a channel.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use local_iam::{Caller, Request};
use local_states::{
    Invocation, InvokeError, Invoked, Options, StateMachineSpec, StepFunctions, Tasks,
};
use local_template::{Function, StateMachine};
use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_local,
    time::sleep,
};

use crate::{
    description::deployment,
    fault::{Fault, Site},
    functions::failure,
    lambda::{End, Lambda, Slot},
    mode::Mode,
    sim::Sim,
};

/// What a task needs to be allowed.
const INVOKE: &str = "lambda:InvokeFunction";
/// The longest between a state and the function that it invokes, each way, where no fault is
/// injected.
const LATENCY_MAX: Duration = Duration::from_millis(30);
/// Within this time a process is ended whose invocation is.
const KILL_MAX: Duration = Duration::from_millis(120);
/// The longest that an invocation is late, in seconds: longer than a state waits for it.
const LATE_SECONDS_MAX: u64 = 90;

/// An invocation that a state waits for.
#[derive(Debug)]
pub(crate) struct Task {
    function: String,
    payload: Bytes,
    answer: oneshot::Sender<Result<Invoked, InvokeError>>,
}

/// Hands invocations to who works on them.
#[derive(Debug)]
struct Queue(mpsc::UnboundedSender<Task>);

impl Tasks for Queue {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> Invocation<'a> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let task = Task { function: function.to_owned(), payload, answer };
            let gone = || InvokeError::Unreachable("the world has ended".to_owned());
            self.0.send(task).map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        })
    }
}

/// The state machines of the template, and the invocations that they will want.
pub(crate) fn open(
    modes: &[Mode],
    sim: &Arc<Sim>,
) -> (StepFunctions, mpsc::UnboundedReceiver<Task>) {
    let spec = |it: &StateMachine| StateMachineSpec {
        name: it.name.clone(),
        role_arn: it.role.arn.clone(),
        definition: it.definition.clone(),
    };
    let machines = modes.iter().flat_map(|mode| &deployment(*mode).template.state_machines);
    let specs = machines.map(spec).collect();
    let (sender, tasks) = mpsc::unbounded_channel();
    let options = Options { clock: sim.clock(), seed: sim.seed };
    (StepFunctions::new(specs, Arc::new(Queue(sender)), options).unwrap(), tasks)
}

/// Works on invocations, each on its own, for ever.
pub(crate) async fn work(lambda: Lambda, mut tasks: mpsc::UnboundedReceiver<Task>) {
    let workers = Rc::new(Workers { lambda, idle: RefCell::default() });
    while let Some(task) = tasks.recv().await {
        let workers = Rc::clone(&workers);
        spawn_local(async move {
            let Task { function, payload, answer } = task;
            let answered = workers.answer(&function, &payload).await;
            // A state that has waited too long does not wait any more.
            let _ = answer.send(answered);
        });
    }
}

/// The processes that work on tasks.
struct Workers {
    lambda: Lambda,
    /// Those that work on nothing, by function.
    idle: RefCell<BTreeMap<String, Vec<Slot>>>,
}

impl Workers {
    async fn answer(&self, function: &str, payload: &Bytes) -> Result<Invoked, InvokeError> {
        let mut functions = self.lambda.template().functions.iter();
        let Some(function) = functions.find(|it| it.arn == function || it.name == function) else {
            return Err(InvokeError::NotFound(format!("Function not found: {function}")));
        };
        self.check(function)?;
        let event: Value = serde_json::from_slice(payload).unwrap();
        let sim = &self.lambda.sim;
        let what = format!("{} task {}", function.name, event["task"]);
        sim.note(&what);
        let met = sim.fault_point(Site::Task, &what);
        sim.pass(&function.name, LATENCY_MAX).await;
        let end = match met {
            None => self.invoke(function, event, None).await,
            Some((Fault::ErrorBefore, _)) => {
                return Err(InvokeError::Service("something went wrong".to_owned()));
            }
            Some((Fault::Throttle, _)) => {
                return Err(InvokeError::TooManyRequests("Rate exceeded".to_owned()));
            }
            Some((Fault::Twice, _)) => {
                let one = self.invoke(function, event.clone(), None);
                let other = self.invoke(function, event, None);
                futures_util::future::join(one, other).await.0
            }
            Some((Fault::Kill, mut random)) => {
                self.invoke(function, event, Some(KILL_MAX.mul_f64(random.f64()))).await
            }
            Some((Fault::Delay, mut random)) => {
                // Longer than its state waits: then it runs beside the next attempt, or after it.
                let under_way = sim.under_way();
                sleep(Duration::from_secs(random.u64(..LATE_SECONDS_MAX))).await;
                let end = self.invoke(function, event, None).await;
                drop(under_way);
                end
            }
            Some(_) => {
                self.invoke(function, event, None).await;
                return Err(InvokeError::Unreachable("no answer came".to_owned()));
            }
        };
        sim.pass(&function.name, LATENCY_MAX).await;
        if matches!(end, End::Throttled) {
            return Err(InvokeError::TooManyRequests("Rate exceeded".to_owned()));
        }
        Ok(invoked(end))
    }

    async fn invoke(&self, function: &Function, event: Value, killed: Option<Duration>) -> End {
        let idle = self.idle.borrow_mut().get_mut(&function.name).and_then(Vec::pop);
        let slot = idle.unwrap_or_else(|| self.lambda.slot(&function.name));
        let end = slot.invoke(event, killed).await;
        self.idle.borrow_mut().entry(function.name.clone()).or_default().push(slot);
        end
    }

    /// Whether a state machine's role lets it invoke the function. Which of them asks is not known
    /// where a task is worked on.
    fn check(&self, function: &Function) -> Result<(), InvokeError> {
        let services = &self.lambda.services;
        let request = Request::new(INVOKE, &function.arn);
        let may = |machine: &StateMachine| {
            let caller = Caller::Role { role: &machine.role, session: &machine.name };
            services.deployment().authority.decide(&caller, &request).is_ok()
        };
        if self.lambda.template().state_machines.iter().any(may) {
            return Ok(());
        }
        let refusal = format!("no workflow may {INVOKE} {}", function.arn);
        services.refused.lock().unwrap().insert(refusal.clone());
        Err(InvokeError::AccessDenied(refusal))
    }
}

/// How an invocation ended, as Lambda tells Step Functions.
fn invoked(end: End) -> Invoked {
    let unhandled = || Some("Unhandled".to_owned());
    let (payload, function_error) = match end {
        End::Answered(answer) => (answer.to_string(), None),
        End::Failed(error) => (error, unhandled()),
        End::Died | End::Throttled => (failure("Sandbox.Timedout", "Task timed out"), unhandled()),
    };
    Invoked { request_id: "simulated".to_owned(), payload: payload.into(), function_error }
}

//! Lambda: processes that are started, invoked, and ended when they take too long.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::LocalBoxFuture};
use local_template::Template;
use serde_json::Value;
use tokio::{select, task::spawn_local, time::sleep};

use crate::{
    external::ExternalServices,
    functions::{Answer, FunctionContext, Started, failure},
    limits::Quotas,
    mutation::Mutation,
    process::Process,
    services::Services,
    sim::Sim,
};

/// For how long a function knows what it has consumed.
const RETENTION: &str = "IDEMPOTENCY_RETENTION_DAYS";

/// How an invocation ended.
#[derive(Debug)]
pub(crate) enum End {
    /// With this answer.
    Answered(Value),
    /// With an error of the function.
    Failed(String),
    /// The process died, or was ended.
    Died,
    /// It did not begin: the function has as many invocations as it may have.
    Throttled,
}

/// The functions of the template. Clones are the same.
#[derive(Clone)]
pub(crate) struct Lambda {
    pub(crate) sim: Arc<Sim>,
    pub(crate) services: Services,
    pub(crate) external: Arc<ExternalServices>,
    /// How many processes of each function were started.
    pub(crate) started: Rc<RefCell<BTreeMap<String, u32>>>,
    /// How many invocations of each function run, where there are limits.
    running: Rc<RefCell<BTreeMap<String, u32>>>,
    /// The processes of each function that work on nothing, where there are limits.
    idle: Rc<RefCell<BTreeMap<String, Vec<Warm>>>>,
}

/// A process that has started.
type Warm = (Arc<Process>, Started);

/// An invocation runs until this is dropped.
struct Running {
    function: String,
    running: Rc<RefCell<BTreeMap<String, u32>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(count) = self.running.borrow_mut().get_mut(&self.function) {
            *count -= 1;
        }
    }
}

/// A place for a process of one function, which is started when it is needed.
pub(crate) struct Slot {
    lambda: Lambda,
    function: String,
    warm: RefCell<Option<Warm>>,
}

impl Lambda {
    pub(crate) fn new(sim: &Arc<Sim>, services: Services, external: Arc<ExternalServices>) -> Self {
        let started = Rc::default();
        let (running, idle) = (Rc::default(), Rc::default());
        Self { sim: Arc::clone(sim), services, external, started, running, idle }
    }

    /// What is deployed now.
    pub(crate) fn template(&self) -> &'static Template {
        &self.services.deployment().template
    }

    /// Has an invocation begin, unless the function has as many as it may have.
    fn admit(&self, function: &str) -> Option<Running> {
        let quotas = self.sim.quotas();
        let declared = self.template().function(function).and_then(|it| it.reserved_concurrency);
        let most = quotas.and(declared).map(Quotas::reserved);
        let mut running = self.running.borrow_mut();
        let count = running.entry(function.to_owned()).or_default();
        if most.is_some_and(|most| *count >= most) {
            quotas.inspect(|it| it.count(format!("invocation {function}")));
            return None;
        }
        *count += 1;
        drop(running);
        Some(Running { function: function.to_owned(), running: Rc::clone(&self.running) })
    }

    /// A place for a process of the function with this name.
    pub(crate) fn slot(&self, function: &str) -> Slot {
        Slot { lambda: self.clone(), function: function.to_owned(), warm: RefCell::default() }
    }

    /// The name of the function that is compiled to `binary`.
    pub(crate) fn name_of(&self, binary: &str) -> &'static str {
        let function = self.template().functions.iter().find(|it| it.binary == binary);
        &function.unwrap_or_else(|| panic!("the template has no {binary}")).name
    }

    fn start(&self, name: &str) -> (Arc<Process>, Started) {
        let described = self.template().function(name).unwrap();
        let binary = &described.binary;
        let number = {
            let mut started = self.started.borrow_mut();
            let number = started.entry(binary.clone()).or_default();
            *number += 1;
            *number
        };
        let process = Process::new(binary, number, &self.sim);
        let mut environment = described.environment.clone();
        if let Some(days) = self.sim.retention_days()
            && let Some(retention) = environment.get_mut(RETENTION)
        {
            *retention = days.to_string();
        }
        let surroundings = FunctionContext {
            environment,
            process: Arc::clone(&process),
            services: self.services.clone(),
            external: Arc::clone(&self.external),
        };
        let function = surroundings.start(binary);
        let function = function.unwrap_or_else(|| panic!("{binary} is not simulated"));
        self.sim.note(&format!("{} starts", process.name));
        (process, function)
    }
}

impl Slot {
    /// The name of the function.
    pub(crate) fn function(&self) -> &str {
        &self.function
    }

    /// The binary of the function.
    fn binary(&self) -> &str {
        let function = self.lambda.template().function(&self.function);
        function.map_or("", |it| it.binary.as_str())
    }

    /// Whether every record is taken for done after this end of an invocation.
    pub(crate) fn forgives(&self, end: &End) -> bool {
        let binary = self.binary();
        let is_answered = matches!(end, End::Answered(_));
        self.lambda.sim.lacks(|mutation| {
            matches!(mutation, Mutation::AtMostOnce(of) if of == binary)
                || is_answered && matches!(mutation, Mutation::FailuresIgnored(of) if of == binary)
        })
    }

    /// Keeps a process for the next invocation: that of this place, or of any where there are limits.
    fn keep(&self, warm: Warm) {
        if self.lambda.sim.quotas().is_some() {
            self.lambda.idle.borrow_mut().entry(self.function.clone()).or_default().push(warm);
        } else {
            *self.warm.borrow_mut() = Some(warm);
        }
    }

    /// Hands `event` to the function; `killed` ends the process after that time.
    pub(crate) async fn invoke(&self, event: Value, killed: Option<Duration>) -> End {
        // One that is deployed in the other mode only can go while messages wait for it.
        let Some(described) = self.lambda.template().function(&self.function) else {
            return End::Failed(failure("ResourceNotFoundException", "it is deleted"));
        };
        let Some(_running) = self.lambda.admit(&self.function) else { return End::Throttled };
        let idle = || self.lambda.idle.borrow_mut().get_mut(&self.function).and_then(Vec::pop);
        let warm = self.warm.borrow_mut().take().or_else(idle);
        let warm = warm.filter(|(process, _)| !process.is_replaced());
        let (process, function) = warm.unwrap_or_else(|| self.lambda.start(&self.function));
        let timeout = described.timeout;
        let sim = &self.lambda.sim;
        let ends = sim.now() + timeout;
        let deadline = u64::try_from(ends.unix_timestamp_nanos() / 1_000_000).unwrap();
        let (awake, work) = (Arc::clone(&process), function(event, deadline));
        let mut work = async move { awake.awake(work).await }.boxed_local();
        let limit = killed.unwrap_or(timeout).min(timeout);
        let end = select! {
            biased;
            () = process.death() => End::Died,
            answer = &mut work => answer.map_or_else(End::Failed, End::Answered),
            () = sleep(limit) => End::Died,
        };
        // What has answered has ended, even if a part of it froze the process in the same moment.
        if process.is_frozen() && matches!(end, End::Died) {
            go_on_later(&process, work, timeout);
        }
        match &end {
            End::Died => sim.note(&format!("{} died", process.name)),
            End::Failed(error) => sim.note(&format!("{} failed: {error}", process.name)),
            End::Answered(_) | End::Throttled => (),
        }
        if !matches!(end, End::Died) {
            self.keep((process, function));
        }
        end
    }
}

/// Lambda has abandoned a process that is frozen. When it thaws it goes on with what it was doing:
/// no caller waits for the answer, and others have done the work.
fn go_on_later(process: &Arc<Process>, work: LocalBoxFuture<'static, Answer>, timeout: Duration) {
    let (process, under_way) = (Arc::clone(process), process.sim.under_way());
    spawn_local(async move {
        process.thawed().await;
        select! {
            biased;
            () = process.death() => (),
            _ = work => (),
            () = sleep(timeout) => (),
        }
        process.kill();
        drop(under_way);
    });
}

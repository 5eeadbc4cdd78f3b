//! Step Functions as others see it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use local_core::{Bytes, Counter, Reply, Service};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    api,
    definition::Definition,
    error::ApiError,
    report::ExecutionReport,
    spec::{Machine, StateMachineError, StateMachineSpec},
    state::{Options, Runs, Shared},
    stats::{Counters, Stats},
    tasks::Tasks,
};

/// Step Functions, in process. Clones are the same; when the last of them is dropped, executions
/// are followed no further.
#[derive(Clone)]
pub struct StepFunctions {
    shared: Arc<Shared>,
    // Apart from `Shared`, which the runs hold too: the last handle ends them.
    runs: Arc<Runs>,
}

impl StepFunctions {
    /// Step Functions with these state machines, whose tasks are done by `tasks`.
    ///
    /// # Errors
    /// A state machine is not one that AWS would create, or has something that is not run on one
    /// machine; the error names the field. Correct the template or the definition.
    pub fn new(
        specs: Vec<StateMachineSpec>,
        tasks: Arc<dyn Tasks>,
        options: Options,
    ) -> Result<Self, StateMachineError> {
        let mut machines = BTreeMap::new();
        for spec in specs {
            let name = spec.name.clone();
            if machines.insert(name.clone(), Arc::new(Machine::new(spec)?)).is_some() {
                return Err(StateMachineError::Duplicate { name });
            }
        }
        let runs = Arc::new(Runs::new(Some(JoinSet::new())));
        let shared = Shared {
            machines,
            executions: Mutex::default(),
            tasks,
            counters: Counters::default(),
            created: options.clock.now(),
            numbers: Counter::default(),
            random: Mutex::new(fastrand::Rng::with_seed(options.seed)),
            runs: Arc::downgrade(&runs),
            options,
        };
        Ok(Self { shared: Arc::new(shared), runs })
    }

    /// Starts an execution of the state machine `state_machine_arn`, and returns its ARN. Without
    /// a name it gets one that nothing else has.
    ///
    /// An execution that runs under this name with the same input is the one that is returned.
    /// It must be called within a runtime of tokio, which executions run on.
    ///
    /// # Errors
    /// [`ApiError::ExecutionAlreadyExists`] if the name was used with another input, or for an
    /// execution that has ended within the last 90 days; the others say what to correct.
    pub fn start_execution(
        &self,
        state_machine_arn: &str,
        name: Option<&str>,
        input: &str,
    ) -> Result<String, ApiError> {
        let request = api::StartExecution {
            state_machine_arn: Some(state_machine_arn.to_owned()),
            name: name.map(str::to_owned),
            input: Some(input.to_owned()),
            trace_header: None,
        };
        Ok(api::start_execution(&self.shared, request)?.arn.clone())
    }

    /// The functions that the tasks of all state machines name, as they name them.
    pub fn functions(&self) -> BTreeSet<&str> {
        self.definitions().flat_map(|(_, definition)| definition.functions()).collect()
    }

    /// The state machines by name, with their definitions.
    pub fn definitions(&self) -> impl Iterator<Item = (&str, &Definition)> {
        self.shared.machines.iter().map(|(name, machine)| (name.as_str(), &machine.definition))
    }

    /// All executions, in the order in which they were started.
    pub fn executions(&self) -> Vec<ExecutionReport> {
        let mut executions: Vec<_> = self.shared.executions.lock().values().cloned().collect();
        executions.sort_by_key(|execution| execution.number);
        executions.iter().map(|execution| ExecutionReport::of(execution)).collect()
    }

    /// The events of an execution so far, as `GetExecutionHistory` has them; nothing if there is
    /// no such execution.
    pub fn history(&self, execution_arn: &str) -> Option<Vec<Value>> {
        let execution = api::find_execution(&self.shared, execution_arn).ok()?;
        Some(execution.read_events(|events| events.iter().map(|it| it.json(true)).collect()))
    }

    /// What has been done so far.
    pub fn stats(&self) -> Stats {
        self.shared.counters.read()
    }

    /// Whether no execution is running.
    pub fn idle(&self) -> bool {
        let stats = self.stats();
        let ended = stats.succeeded + stats.failed + stats.timed_out + stats.aborted;
        stats.started == ended
    }

    /// Follows executions no further, and returns when none invokes anything any more. They stay
    /// as they are: those that run remain `RUNNING`, and ones that are started later do not begin.
    pub async fn stop(&self) {
        let runs = self.runs.lock().take();
        if let Some(mut runs) = runs {
            runs.shutdown().await;
        }
    }
}

impl Service for StepFunctions {
    fn targets(&self) -> &'static [&'static str] {
        &["AWSStepFunctions"]
    }

    fn json_version(&self) -> &'static str {
        "1.0"
    }

    fn call<'a>(&'a self, operation: &'a str, body: Bytes) -> Reply<'a> {
        Box::pin(async move {
            let response = api::call(&self.shared, operation, &body)?;
            Ok(Bytes::from(response.to_string()))
        })
    }
}

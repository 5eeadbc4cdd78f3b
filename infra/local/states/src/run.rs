//! Running an execution: following its states from one to the next.

mod context;
mod failure;
mod handle;
mod parallel;
mod task;
mod trail;
mod visit;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use local_core::Clock;
use serde_json::Value;

use self::{failure::Failure, trail::Trail, visit::Visit};
use crate::{
    definition::{After, States},
    execution::{End, Execution},
    history::Happening,
    state::Shared,
};

/// An execution, and what it is run with.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) execution: Arc<Execution>,
    pub(crate) shared: Arc<Shared>,
}

/// Lets an execution run.
pub(crate) fn start(shared: &Arc<Shared>, execution: &Arc<Execution>) {
    shared.counters.started.add_one();
    let run = Run { execution: Arc::clone(execution), shared: Arc::clone(shared) };
    let Some(runs) = shared.runs.upgrade() else { return };
    let mut runs = runs.lock();
    let Some(runs) = runs.as_mut() else { return };
    while runs.try_join_next().is_some() {}
    runs.spawn(run.run(execution.input_value.clone()));
}

impl Run {
    /// Runs the execution until it has ended, by itself or not.
    async fn run(self, input: Value) {
        let limit = self.execution.machine.definition.timeout;
        let mut trail = Trail::default();
        let states = &self.execution.machine.definition.states;
        let outcome = tokio::select! {
            biased;
            () = self.execution.stopped() => return,
            () = tokio::time::sleep(limit) => None,
            outcome = self.follow(states, input, &mut trail) => Some(outcome),
        };
        let (previous, end) = match outcome {
            // It did not follow from what the states did.
            None => (0, End::TimedOut),
            Some(Ok(output)) => (trail.last, End::Succeeded(output.to_string().into())),
            Some(Err(Failure::Error(error) | Failure::Fatal(error))) => {
                (trail.last, End::Failed(error))
            }
            Some(Err(Failure::Ended)) => return,
        };
        self.shared.end(&self.execution, previous, end);
    }

    /// Follows `states` from the first to one that ends, and returns what that puts out.
    fn follow<'r>(
        &'r self,
        states: &'r States,
        mut input: Value,
        trail: &'r mut Trail,
    ) -> BoxFuture<'r, Result<Value, Failure>> {
        Box::pin(async move {
            let mut name = states.start.as_str();
            loop {
                let Some(state) = states.by_name.get(name) else {
                    // A definition in which a transition leads nowhere has been refused.
                    return Err(Failure::runtime(format!("there is no state '{name}'")));
                };
                let visit = Visit::enter(self, name, state, &input, trail)?;
                let (output, after) = visit.work(state, trail).await?;
                match after {
                    After::Next(next) => (name, input) = (next, output),
                    After::End => return Ok(output),
                }
                // States that wait for nothing must not hold up others, nor their own end.
                tokio::task::yield_now().await;
            }
        })
    }

    /// Notes that a state was entered, or tried again: what AWS charges for.
    fn count_transition(&self) {
        self.execution.count_transition();
        self.shared.counters.transitions.add_one();
    }

    fn clock(&self) -> &Clock {
        &self.shared.options.clock
    }

    /// Writes down what happened after the event `previous`.
    fn record(&self, previous: u64, happening: Happening) -> Result<u64, Failure> {
        Ok(self.execution.record(self.clock().now(), previous, happening)?)
    }
}

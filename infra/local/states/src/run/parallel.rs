//! Several lines of states side by side.

use futures_util::future::try_join_all;
use serde_json::Value;

use super::{
    failure::Failure,
    handle::Work,
    trail::Trail,
    visit::{Outcome, Visit},
};
use crate::{
    definition::{Handlers, Leave, Parallel},
    history::Happening,
    limits::DATA_BYTES_MAX,
};

impl Work for Parallel {
    fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    fn leave(&self) -> &Leave {
        &self.leave
    }

    /// The outputs of all branches, in the order of the branches; or the first failure, which
    /// ends all of them.
    async fn attempt(
        &self,
        visit: &Visit<'_>,
        retries: u64,
        trail: &mut Trail,
    ) -> Result<Value, Failure> {
        let arguments = match &self.arguments {
            None => Ok(visit.input.clone()),
            Some(arguments) => {
                let mut query = visit.query(trail, Outcome { retries, ..Outcome::default() });
                arguments.evaluate(&mut query, "Arguments")
            }
        };
        let input = arguments.map_err(|error| visit.evaluation_failed(error, trail))?;
        if input.to_string().len() > DATA_BYTES_MAX {
            return Err(Failure::Fatal(Failure::too_large(visit.name)));
        }
        trail.last = visit.run.record(trail.last, Happening::ParallelStateStarted)?;
        let mut lines: Vec<Trail> = self.branches.iter().map(|_| trail.branch()).collect();
        let branches = self.branches.iter().zip(&mut lines).map(|(states, line)| {
            let input = input.clone();
            async move {
                let outcome = visit.run.follow(states, input, line).await;
                line.has_failed = outcome.is_err();
                outcome
            }
        });
        match try_join_all(branches).await {
            Ok(outputs) => {
                trail.last = lines.iter().map(|line| line.last).max().unwrap_or(trail.last);
                // AWS lets the exit follow from the last event of a branch, not from this one.
                visit.run.record(trail.last, Happening::ParallelStateSucceeded)?;
                Ok(Value::Array(outputs))
            }
            Err(failure) => {
                for (line, state_type) in lines.iter().filter_map(|it| Some((it, it.aborted()?))) {
                    visit.run.record(line.last, Happening::StateAborted(state_type))?;
                }
                let failed = lines.iter().find(|line| line.has_failed);
                trail.last = failed.map_or(trail.last, |line| line.last);
                Err(failure)
            }
        }
    }

    fn abandon(&self, visit: &Visit<'_>, trail: &mut Trail) -> Result<(), Failure> {
        trail.last = visit.run.record(trail.last, Happening::ParallelStateFailed)?;
        Ok(())
    }
}

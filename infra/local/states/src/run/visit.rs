//! One visit to a state: entering it, working, and leaving it.

use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{
    Run,
    context::{Asking, context},
    failure::Failure,
    trail::{NoRoom, Trail},
};
use crate::{
    definition::{After, Choice, Fail, Leave, State, StateType, Until, Wait, parse_timestamp},
    expression::{Given, Query, QueryError, Template},
    history::Happening,
    limits::{DATA_BYTES_MAX, SECONDS_MAX},
    state_error::{StateError, error_name},
};

/// One visit to a state.
pub(super) struct Visit<'v> {
    pub(super) run: &'v Run,
    pub(super) name: &'v str,
    pub(super) state_type: StateType,
    pub(super) input: &'v Value,
    /// The event that led here, and the one of having come here.
    before: u64,
    entered: u64,
    entered_at: OffsetDateTime,
}

/// What a state's work has come to, for expressions.
#[derive(Clone, Copy, Default)]
pub(super) struct Outcome<'o> {
    pub(super) result: Option<&'o Value>,
    pub(super) error_output: Option<&'o Value>,
    pub(super) retries: u64,
}

/// What a state puts out, and what follows it.
pub(super) type Left<'l> = (Value, &'l After);

impl<'v> Visit<'v> {
    pub(super) fn enter(
        run: &'v Run,
        name: &'v str,
        state: &State,
        input: &'v Value,
        trail: &mut Trail,
    ) -> Result<Self, Failure> {
        let (before, state_type) = (trail.last, state.state_type());
        let entered_at = run.clock().now();
        let text = input.to_string().into();
        let happening = Happening::StateEntered { state_type, name: name.to_owned(), input: text };
        let entered = run.record(before, happening)?;
        trail.last = entered;
        trail.inside = Some(state_type);
        run.count_transition();
        Ok(Self { run, name, state_type, input, before, entered, entered_at })
    }

    /// Does what the state does, and leaves it.
    pub(super) async fn work<'s>(
        &self,
        state: &'s State,
        trail: &mut Trail,
    ) -> Result<Left<'s>, Failure> {
        match state {
            State::Choice(choice) => self.choose(choice, trail),
            State::Fail(fail) => Err(self.fail(fail, trail)),
            State::Parallel(parallel) => self.handle(parallel, trail).await,
            State::Pass(leave) | State::Succeed(leave) => self.pass(leave, "", trail),
            State::Task(task) => self.handle(task, trail).await,
            State::Wait(wait) => {
                let wait_for = self.wait_for(wait, trail)?;
                tokio::time::sleep(wait_for).await;
                self.pass(&wait.leave, "", trail)
            }
        }
    }

    fn choose<'s>(&self, choice: &'s Choice, trail: &mut Trail) -> Result<Left<'s>, Failure> {
        for (index, rule) in choice.rules.iter().enumerate() {
            let place = format!("Choices[{index}]/");
            let location = format!("{place}Condition");
            let holds = {
                let mut query = self.query(trail, Outcome::default());
                rule.condition.evaluate_as(&mut query, &location, "boolean", Value::as_bool)
            };
            if holds.map_err(|error| self.evaluation_failed(error, trail))? {
                return self.pass(&rule.leave, &place, trail);
            }
        }
        match &choice.default {
            Some(leave) => self.pass(leave, "", trail),
            None => Err(Failure::runtime(self.while_in(
                "Failed to transition out of the state. The state does not point to a next state.",
            ))),
        }
    }

    fn fail(&self, fail: &Fail, trail: &mut Trail) -> Failure {
        let mut query = self.query(trail, Outcome::default());
        let mut text = |template: &Option<Template>, location: &str| {
            let read = |value: &Value| value.as_str().map(str::to_owned);
            let template = template.as_ref();
            template.map(|it| it.evaluate_as(&mut query, location, "string", read)).transpose()
        };
        let error = text(&fail.error, "Error").and_then(|error| {
            let cause = text(&fail.cause, "Cause")?;
            Ok(StateError { error, cause })
        });
        drop(query);
        match error {
            Ok(error) => Failure::Error(error),
            Err(error) => self.evaluation_failed(error, trail),
        }
    }

    fn wait_for(&self, wait: &Wait, trail: &mut Trail) -> Result<Duration, Failure> {
        let evaluated = {
            let mut query = self.query(trail, Outcome::default());
            match &wait.until {
                Until::Seconds(seconds) => {
                    let read = |it: &Value| it.as_u64().filter(|seconds| *seconds <= SECONDS_MAX);
                    let expected = "a whole number 0 to 99999999";
                    let seconds = seconds.evaluate_as(&mut query, "Seconds", expected, read);
                    return seconds
                        .map(Duration::from_secs)
                        .map_err(|error| self.evaluation_failed(error, trail));
                }
                Until::Timestamp(timestamp) => {
                    let read = |value: &Value| value.as_str().map(str::to_owned);
                    timestamp.evaluate_as(&mut query, "Timestamp", "string", read)
                }
            }
        };
        let text = evaluated.map_err(|error| self.evaluation_failed(error, trail))?;
        let Some(moment) = parse_timestamp(&text) else {
            let problem = format!(
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time \
                 format string: {text}"
            );
            let error = QueryError { location: "Timestamp".to_owned(), problem };
            return Err(self.evaluation_failed_after(error, self.entered, trail));
        };
        let left = moment - self.run.clock().now();
        Ok(left.try_into().unwrap_or(Duration::ZERO))
    }

    /// Leaves the state with its input, unless `leave` says otherwise.
    fn pass<'s>(
        &self,
        leave: &'s Leave,
        place: &str,
        trail: &mut Trail,
    ) -> Result<Left<'s>, Failure> {
        self.leave(leave, place, Outcome::default(), trail, || self.input.clone())
    }

    /// Leaves the state: evaluates `Output` and `Assign`, both over the variables as they were,
    /// writes the exit down, and assigns. `place` is where `leave` stands in the state.
    pub(super) fn leave<'s>(
        &self,
        leave: &'s Leave,
        place: &str,
        outcome: Outcome<'_>,
        trail: &mut Trail,
        default: impl FnOnce() -> Value,
    ) -> Result<Left<'s>, Failure> {
        let evaluated = {
            let mut query = self.query(trail, outcome);
            let output = leave.output.as_ref();
            output
                .map(|output| output.evaluate(&mut query, &format!("{place}Output")))
                .transpose()
                .and_then(|output| {
                    let assign = leave.assign.iter();
                    let assigned = assign.map(|(name, value)| {
                        let location = format!("{place}Assign/{name}");
                        Ok((name.clone(), value.evaluate(&mut query, &location)?))
                    });
                    Ok((output, assigned.collect::<Result<Map<_, _>, _>>()?))
                })
        };
        let (output, assigned) = evaluated.map_err(|error| self.evaluation_failed(error, trail))?;
        let output = output.unwrap_or_else(default);
        let text = output.to_string();
        if text.len() > DATA_BYTES_MAX {
            return Err(Failure::Fatal(Failure::too_large(self.name)));
        }
        let assigned = trail.assign(assigned).map_err(|NoRoom| {
            let cause = "the variables are larger than 256 KiB in one Assign, or 10 MiB together";
            let cause = self.while_in(cause);
            Failure::Fatal(StateError::new(error_name::DATA_LIMIT_EXCEEDED, cause))
        })?;
        let happening = Happening::StateExited {
            state_type: self.state_type,
            name: self.name.to_owned(),
            output: text.into(),
            assigned,
        };
        trail.last = self.run.record(trail.last, happening)?;
        trail.inside = None;
        Ok((output, &leave.after))
    }

    /// Expressions of the state as things are. It must not be kept while something is waited for.
    pub(super) fn query(&self, trail: &Trail, outcome: Outcome<'_>) -> Query {
        let asking = Asking {
            name: self.name,
            state_type: self.state_type,
            entered: self.entered_at,
            retries: outcome.retries,
        };
        Query::new(Given {
            input: self.input,
            result: outcome.result,
            error_output: outcome.error_output,
            context: context(&self.run.execution, &asking),
            variables: trail.variables(),
            now: self.run.clock().now(),
            random: self.run.shared.random(),
        })
    }

    /// An expression has no value: writes that down, and makes an error of it.
    pub(super) fn evaluation_failed(&self, error: QueryError, trail: &mut Trail) -> Failure {
        // AWS takes an expression that fails first of all for a part of coming to the state.
        let previous = if trail.last == self.entered { self.before } else { trail.last };
        self.evaluation_failed_after(error, previous, trail)
    }

    fn evaluation_failed_after(
        &self,
        error: QueryError,
        previous: u64,
        trail: &mut Trail,
    ) -> Failure {
        let cause = self.while_in(&error.problem);
        let state = self.name.to_owned();
        let location = error.location;
        let happening = Happening::EvaluationFailed { state, location, cause: cause.clone() };
        match self.run.record(previous, happening) {
            Ok(id) => {
                trail.last = id;
                Failure::Error(StateError::new(error_name::QUERY_EVALUATION_ERROR, cause))
            }
            Err(failure) => failure,
        }
    }

    fn while_in(&self, problem: &str) -> String {
        let (name, entered) = (self.name, self.entered);
        format!(
            "An error occurred while executing the state '{name}' (entered at the event id \
             #{entered}). {problem}"
        )
    }
}

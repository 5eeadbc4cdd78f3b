//! A state machine as it is written, in the Amazon States Language with `JSONata`.
//!
//! What is read is typed; what is not understood is refused.
//! Source: <https://states-language.net/spec.html>.

mod choice;
mod error;
mod fields;
mod graph;
mod handlers;
mod leave;
mod place;
mod state;
mod task;
mod wait;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;

use self::fields::Fields;
pub(crate) use self::{
    choice::Choice,
    handlers::Handlers,
    leave::{After, Leave},
    state::{Fail, Parallel, State, StateType},
    task::{SECONDS_EXPECTED, Task, timeout_seconds},
    wait::{Until, Wait, parse_timestamp},
};
pub use self::{error::DefinitionError, place::Place};
use crate::{
    json,
    limits::{DEFINITION_BYTES_MAX, EXECUTION_TIME_MAX, SECONDS_MAX},
};

/// A state machine that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub(crate) states: States,
    /// The longest that an execution may take.
    pub(crate) timeout: Duration,
}

/// States that lead to each other: those of the machine, or those of a branch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct States {
    pub(crate) start: String,
    pub(crate) by_name: BTreeMap<String, State>,
}

impl Definition {
    /// Reads a definition, with its substitutions made.
    ///
    /// # Errors
    ///
    /// When AWS would not create the state machine, or it has something that is not run on one
    /// machine: see [`DefinitionError`]. The message names the field to change.
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        let place = Place::root();
        if text.len() > DEFINITION_BYTES_MAX {
            return Err(place.invalid("the definition is larger than 1 MiB"));
        }
        if let Some(left) = unsubstituted(text) {
            let problem = format!("{left} is left in it; give DefinitionSubstitutions a value");
            return Err(place.invalid(problem));
        }
        let value = json::parse(text).map_err(DefinitionError::Json)?;
        let by_state = value.get("QueryLanguage").is_none() && says_itself(&value);
        if by_state {
            each_state_says(&value, &place)?;
        }
        let mut fields = Fields::new(place, value)?;
        fields.comment()?;
        query_language(&mut fields, !by_state)?;
        if fields.text_if_any("Version")?.is_some_and(|version| version != "1.0") {
            return Err(fields.place().child("Version").invalid("must be \"1.0\""));
        }
        let timeout = fields.whole("TimeoutSeconds", 1..=SECONDS_MAX)?;
        let timeout = timeout.map_or(EXECUTION_TIME_MAX, Duration::from_secs);
        let states = States::read(&mut fields)?;
        fields.done()?;
        graph::check(&states)?;
        Ok(Self { states, timeout: timeout.min(EXECUTION_TIME_MAX) })
    }

    /// The functions that its tasks name, as they name them: by name or by ARN. Those that an
    /// expression names are not known before it is evaluated.
    #[must_use]
    pub fn functions(&self) -> BTreeSet<&str> {
        let mut functions = BTreeSet::new();
        self.states.each(&mut |state| {
            if let State::Task(task) = state {
                functions.extend(task.function().and_then(Value::as_str));
            }
        });
        functions
    }
}

impl States {
    /// Reads `StartAt` and `States` of a machine or a branch.
    fn read(fields: &mut Fields) -> Result<Self, DefinitionError> {
        let start = fields.text("StartAt")?;
        let place = fields.place().child("States");
        let states = fields.required("States")?;
        let Value::Object(states) = states else {
            return Err(place.invalid("must be an object"));
        };
        let by_name = states
            .into_iter()
            .map(|(name, value)| {
                let state = State::read(&name, Fields::new(place.child(&name), value)?)?;
                Ok((name, state))
            })
            .collect::<Result<_, DefinitionError>>()?;
        Ok(Self { start, by_name })
    }

    /// Calls `see` with every state, those in branches included.
    fn each<'s>(&'s self, see: &mut dyn FnMut(&'s State)) {
        for state in self.by_name.values() {
            see(state);
            if let State::Parallel(parallel) = state {
                parallel.branches.iter().for_each(|branch| branch.each(see));
            }
        }
    }
}

/// Whether a state of a machine or a branch says its query language.
fn says_itself(states: &Value) -> bool {
    let states = states["States"].as_object();
    states.is_some_and(|it| it.values().any(|state| state.get("QueryLanguage").is_some()))
}

/// In a machine that does not say its query language, each state must say `JSONata` for itself.
fn each_state_says(states: &Value, place: &Place) -> Result<(), DefinitionError> {
    let place = place.child("States");
    for (name, state) in states["States"].as_object().into_iter().flatten() {
        let place = place.child(name);
        if state.get("QueryLanguage").is_none() {
            let what = "the query language JSONPath, the default,";
            return Err(place.child("QueryLanguage").unsupported(what, "\"JSONata\""));
        }
        for (index, branch) in state["Branches"].as_array().into_iter().flatten().enumerate() {
            each_state_says(branch, &place.child("Branches").item(index))?;
        }
    }
    Ok(())
}

/// Only `JSONata` is run: the machine says so, and a state may say it again; or each state does.
fn query_language(fields: &mut Fields, is_machine: bool) -> Result<(), DefinitionError> {
    match fields.text_if_any("QueryLanguage")?.as_deref() {
        Some("JSONata") => Ok(()),
        None if !is_machine => Ok(()),
        given => {
            let what = format!("the query language {}", given.unwrap_or("JSONPath, the default,"));
            Err(fields.place().child("QueryLanguage").unsupported(what, "\"JSONata\""))
        }
    }
}

/// The first `${…}` of a text.
fn unsubstituted(text: &str) -> Option<&str> {
    let start = text.find("${")?;
    let length = text[start..].find('}')?;
    Some(&text[start..=start + length])
}

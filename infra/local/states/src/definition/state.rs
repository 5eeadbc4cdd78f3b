//! The states.

use super::{
    Choice, DefinitionError, Handlers, Leave, States, Task, Wait,
    fields::{Fields, require},
    query_language,
};
use crate::{
    expression::{Template, Visible},
    limits::NAME_CHARACTERS_MAX,
    names::fits,
};

/// A state: what it does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    Choice(Choice),
    Fail(Fail),
    Parallel(Parallel),
    Pass(Leave),
    Succeed(Leave),
    Task(Task),
    Wait(Wait),
}

/// The type of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StateType {
    Choice,
    Fail,
    Parallel,
    Pass,
    Succeed,
    Task,
    Wait,
}

/// Ends in an error.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fail {
    pub(crate) error: Option<Template>,
    pub(crate) cause: Option<Template>,
}

/// Does several things side by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parallel {
    pub(crate) arguments: Option<Template>,
    pub(crate) branches: Vec<States>,
    pub(crate) handlers: Handlers,
    pub(crate) leave: Leave,
}

const TYPES: &str = "Choice, Fail, Parallel, Pass, Succeed, Task, Wait";

impl State {
    pub(super) fn read(name: &str, mut fields: Fields) -> Result<Self, DefinitionError> {
        if !fits(name) {
            let problem = format!("the name of a state is 1 to {NAME_CHARACTERS_MAX} characters");
            return Err(fields.place().invalid(problem));
        }
        fields.comment()?;
        query_language(&mut fields, false)?;
        let place = fields.place().child("Type");
        let state = match fields.text("Type")?.as_str() {
            "Choice" => Self::Choice(Choice::read(&mut fields)?),
            "Fail" => Self::Fail(Fail::read(&mut fields)?),
            "Parallel" => Self::Parallel(Parallel::read(&mut fields)?),
            "Pass" => Self::Pass(Leave::read(&mut fields, Visible::INPUT)?),
            "Succeed" => Self::Succeed(Leave::read_succeed(&mut fields)?),
            "Task" => Self::Task(Task::read(&mut fields)?),
            "Wait" => Self::Wait(Wait::read(&mut fields)?),
            "Map" => return Err(place.unsupported("the state type Map", TYPES)),
            other => return Err(place.invalid(format!("is {other:?}, must be one of {TYPES}"))),
        };
        fields.done()?;
        Ok(state)
    }

    pub(crate) fn state_type(&self) -> StateType {
        match self {
            Self::Choice(_) => StateType::Choice,
            Self::Fail(_) => StateType::Fail,
            Self::Parallel(_) => StateType::Parallel,
            Self::Pass(_) => StateType::Pass,
            Self::Succeed(_) => StateType::Succeed,
            Self::Task(_) => StateType::Task,
            Self::Wait(_) => StateType::Wait,
        }
    }

    /// Every way out of the state, with the field that it stands in.
    pub(super) fn exits(&self) -> Vec<(String, &Leave)> {
        let mut exits = Vec::new();
        match self {
            Self::Pass(leave) | Self::Succeed(leave) => exits.push((String::new(), leave)),
            Self::Wait(wait) => exits.push((String::new(), &wait.leave)),
            Self::Fail(_) => {}
            Self::Choice(choice) => {
                let rules = choice.rules.iter().enumerate();
                exits.extend(rules.map(|(at, rule)| (format!("Choices[{at}]/"), &rule.leave)));
                exits.extend(choice.default.iter().map(|leave| (String::new(), leave)));
            }
            Self::Task(Task { handlers, leave, .. })
            | Self::Parallel(Parallel { handlers, leave, .. }) => {
                exits.push((String::new(), leave));
                let catchers = handlers.catch.iter().enumerate();
                exits.extend(catchers.map(|(at, it)| (format!("Catch[{at}]/"), &it.leave)));
            }
        }
        exits
    }
}

impl StateType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Choice => "Choice",
            Self::Fail => "Fail",
            Self::Parallel => "Parallel",
            Self::Pass => "Pass",
            Self::Succeed => "Succeed",
            Self::Task => "Task",
            Self::Wait => "Wait",
        }
    }
}

impl Fail {
    fn read(fields: &mut Fields) -> Result<Self, DefinitionError> {
        let mut text = |name| {
            let place = fields.place().child(name);
            let template = fields.template(name, Visible::INPUT)?;
            require(template, &place, "must be text or an expression", |value| value.is_string())
        };
        Ok(Self { error: text("Error")?, cause: text("Cause")? })
    }
}

impl Parallel {
    fn read(fields: &mut Fields) -> Result<Self, DefinitionError> {
        let place = fields.place().child("Branches");
        let items = fields.list("Branches")?.unwrap_or_default();
        let branches: Vec<States> = items
            .into_iter()
            .map(|(place, item)| read_branch(Fields::new(place, item)?))
            .collect::<Result<_, _>>()?;
        if branches.is_empty() {
            return Err(place.invalid("must have at least one branch"));
        }
        Ok(Self {
            arguments: fields.template("Arguments", Visible::INPUT)?,
            branches,
            handlers: Handlers::read(fields)?,
            leave: Leave::read(fields, Visible::RESULT)?,
        })
    }
}

fn read_branch(mut fields: Fields) -> Result<States, DefinitionError> {
    fields.comment()?;
    let states = States::read(&mut fields)?;
    fields.done()?;
    Ok(states)
}

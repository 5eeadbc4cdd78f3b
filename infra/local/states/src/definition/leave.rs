//! How states are left.

use serde_json::Value;

use super::{DefinitionError, fields::Fields};
use crate::{
    expression::{Template, Visible},
    names::is_variable,
};

/// How a state is left: what it passes on, what it remembers, and where it leads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leave {
    pub(crate) output: Option<Template>,
    pub(crate) assign: Vec<(String, Template)>,
    pub(crate) after: After,
}

/// What follows a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After {
    Next(String),
    End,
}

impl Leave {
    /// With `Output`, `Assign`, and either `Next` or `End`.
    pub(super) fn read(fields: &mut Fields, visible: Visible) -> Result<Self, DefinitionError> {
        let (output, assign) = (fields.template("Output", visible)?, assign(fields, visible)?);
        let next = fields.text_if_any("Next")?;
        let ends = fields.flag("End")?.unwrap_or(false);
        let after = match (next, ends) {
            (Some(next), false) => After::Next(next),
            (None, true) => After::End,
            (Some(_), true) => {
                return Err(fields.place().invalid("has both Next and End: remove one"));
            }
            (None, false) => {
                return Err(fields.place().invalid("leads nowhere: add Next, or \"End\": true"));
            }
        };
        Ok(Self { output, assign, after })
    }

    /// With `Output`, `Assign` and `Next`: a rule or a catcher.
    pub(super) fn read_next(
        fields: &mut Fields,
        visible: Visible,
    ) -> Result<Self, DefinitionError> {
        let (output, assign) = (fields.template("Output", visible)?, assign(fields, visible)?);
        Ok(Self { output, assign, after: After::Next(fields.text("Next")?) })
    }

    /// With `Output` only.
    pub(super) fn read_succeed(fields: &mut Fields) -> Result<Self, DefinitionError> {
        let output = fields.template("Output", Visible::INPUT)?;
        Ok(Self { output, assign: Vec::new(), after: After::End })
    }
}

/// The variables that `Assign` names.
pub(super) fn assign(
    fields: &mut Fields,
    visible: Visible,
) -> Result<Vec<(String, Template)>, DefinitionError> {
    let place = fields.place().child("Assign");
    let Some(value) = fields.take("Assign") else { return Ok(Vec::new()) };
    let Value::Object(members) = value else { return Err(place.invalid("must be an object")) };
    let variable = |(name, value): (String, Value)| {
        let place = place.child(&name);
        if !is_variable(&name) {
            let problem = "a variable is a letter or _, then letters, digits and _, up to 80 \
                           characters, and not \"states\"";
            return Err(place.invalid(problem));
        }
        Ok((name, Template::parse(value, &place, visible)?))
    };
    members.into_iter().map(variable).collect()
}

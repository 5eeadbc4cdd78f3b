//! Choices.

use super::{After, DefinitionError, Leave, fields::Fields, leave::assign};
use crate::expression::{Template, Visible};

/// Goes where the first condition that holds leads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) rules: Vec<Rule>,
    pub(crate) default: Option<Leave>,
}

/// An entry of `Choices`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) condition: Template,
    pub(crate) leave: Leave,
}

impl Choice {
    pub(super) fn read(fields: &mut Fields) -> Result<Self, DefinitionError> {
        let place = fields.place().child("Choices");
        let items = fields.list("Choices")?.unwrap_or_default();
        let rules: Vec<Rule> = items
            .into_iter()
            .map(|(place, item)| Rule::read(Fields::new(place, item)?))
            .collect::<Result<_, _>>()?;
        if rules.is_empty() {
            return Err(place.invalid("must have at least one rule"));
        }
        let output = fields.template("Output", Visible::INPUT)?;
        let assign = assign(fields, Visible::INPUT)?;
        let default = fields.text_if_any("Default")?;
        if default.is_none() && (output.is_some() || !assign.is_empty()) {
            let problem =
                "Output and Assign of the state itself belong to Default, which is missing";
            return Err(fields.place().invalid(problem));
        }
        let default = default.map(|next| Leave { output, assign, after: After::Next(next) });
        Ok(Self { rules, default })
    }
}

impl Rule {
    fn read(mut fields: Fields) -> Result<Self, DefinitionError> {
        fields.comment()?;
        let place = fields.place().child("Condition");
        let condition = fields.template("Condition", Visible::INPUT)?;
        let leave = Leave::read_next(&mut fields, Visible::INPUT)?;
        fields.done()?;
        let condition = condition.ok_or_else(|| place.invalid("is required"))?;
        if condition.constant().is_some_and(|value| !value.is_boolean()) {
            return Err(place.invalid("must be true, false or an expression"));
        }
        Ok(Self { condition, leave })
    }
}

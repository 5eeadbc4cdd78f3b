//! Reading the fields of an object so that none is overlooked: what has not been taken when the
//! reading is [`done`](Fields::done) is refused.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{DefinitionError, Place};
use crate::expression::{Template, Visible};

/// Fields that a state has in `JSONPath`, and that none has in `JSONata`.
const JSONPATH: [&str; 9] = [
    "InputPath",
    "OutputPath",
    "Parameters",
    "Result",
    "ResultPath",
    "ResultSelector",
    "SecondsPath",
    "TimestampPath",
    "Variable",
];

/// The fields of one object, each to be taken once.
#[derive(Debug)]
pub(super) struct Fields {
    place: Place,
    fields: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Fields {
    pub(super) fn new(place: Place, value: Value) -> Result<Self, DefinitionError> {
        match value {
            Value::Object(fields) => Ok(Self { place, fields, known: Vec::new() }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(place.invalid("must be an object")),
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.fields.remove(name)
    }

    pub(super) fn required(&mut self, name: &'static str) -> Result<Value, DefinitionError> {
        self.take(name).ok_or_else(|| self.place.child(name).invalid("is required"))
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<String, DefinitionError> {
        let value = self.required(name)?;
        text(value, &self.place.child(name))
    }

    pub(super) fn text_if_any(
        &mut self,
        name: &'static str,
    ) -> Result<Option<String>, DefinitionError> {
        let place = self.place.child(name);
        self.take(name).map(|value| text(value, &place)).transpose()
    }

    /// A comment, which any object may have.
    pub(super) fn comment(&mut self) -> Result<(), DefinitionError> {
        self.text_if_any("Comment").map(drop)
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, DefinitionError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.place.child(name).invalid("must be true or false")),
        }
    }

    /// A whole number within limits.
    pub(super) fn whole(
        &mut self,
        name: &'static str,
        limits: RangeInclusive<u64>,
    ) -> Result<Option<u64>, DefinitionError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match value.as_u64() {
            Some(number) if limits.contains(&number) => Ok(Some(number)),
            Some(_) | None => {
                let (least, most) = limits.into_inner();
                let problem = format!("is {value}, must be a whole number {least} to {most}");
                Err(self.place.child(name).invalid(problem))
            }
        }
    }

    /// A number of at least `least`.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        least: f64,
    ) -> Result<Option<f64>, DefinitionError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match value.as_f64() {
            Some(number) if number >= least => Ok(Some(number)),
            Some(_) | None => {
                let problem = format!("is {value}, must be a number of at least {least}");
                Err(self.place.child(name).invalid(problem))
            }
        }
    }

    /// The items of a list, each with its place; `None` if the field is absent.
    pub(super) fn list(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Vec<(Place, Value)>>, DefinitionError> {
        let place = self.place.child(name);
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                let items = items.into_iter().enumerate();
                Ok(Some(items.map(|(index, item)| (place.item(index), item)).collect()))
            }
            Some(_) => Err(place.invalid("must be a list")),
        }
    }

    pub(super) fn template(
        &mut self,
        name: &'static str,
        visible: Visible,
    ) -> Result<Option<Template>, DefinitionError> {
        let place = self.place.child(name);
        self.take(name).map(|value| Template::parse(value, &place, visible)).transpose()
    }

    /// Refuses a field that AWS takes, with the reason.
    pub(super) fn refuse(
        &mut self,
        name: &'static str,
        instead: &str,
    ) -> Result<(), DefinitionError> {
        match self.fields.get(name) {
            None => Ok(()),
            Some(_) => Err(self.place.child(name).unsupported("the field", instead)),
        }
    }

    /// Refuses whatever has not been taken.
    pub(super) fn done(self) -> Result<(), DefinitionError> {
        let Some(left) = self.fields.keys().next() else { return Ok(()) };
        let place = self.place.child(left);
        if JSONPATH.contains(&left.as_str()) || left.ends_with(".$") {
            let instead = "Arguments, Output and Assign with {% … %}";
            return Err(
                place.invalid(format!("belongs to JSONPath; in JSONata there are {instead}"))
            );
        }
        Err(place.unsupported("the field", self.known.join(", ")))
    }
}

pub(super) fn text(value: Value, place: &Place) -> Result<String, DefinitionError> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(place.invalid("must be text"))
        }
    }
}

/// Checks a constant as far as one can be checked; an expression is checked when it has a value.
pub(super) fn require(
    template: Option<Template>,
    place: &Place,
    problem: &str,
    is_ok: impl Fn(&Value) -> bool,
) -> Result<Option<Template>, DefinitionError> {
    match &template {
        Some(Template::Array(_) | Template::Object(_)) => Err(place.invalid(problem)),
        Some(Template::Constant(value)) if !is_ok(value) => Err(place.invalid(problem)),
        Some(Template::Constant(_) | Template::Expression(_)) | None => Ok(template),
    }
}

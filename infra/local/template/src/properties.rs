//! Reading the properties of a resource so that none is overlooked: what has not been taken when
//! the reading is [`done`](Properties::done) is refused.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::error::{Place, TemplateError};

/// The properties of one object, each to be taken once.
#[derive(Debug, Clone)]
pub(crate) struct Properties {
    place: Place,
    fields: Map<String, Value>,
}

impl Properties {
    pub(crate) fn new(place: Place, value: Value) -> Result<Self, TemplateError> {
        match value {
            Value::Object(fields) => Ok(Self { place, fields }),
            Value::Null => Ok(Self { place, fields: Map::new() }),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(place.invalid("must be an object"))
            }
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name)
    }

    /// A text that is to be taken later.
    pub(crate) fn peek(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    pub(crate) fn required(&mut self, name: &str) -> Result<Value, TemplateError> {
        self.take(name).ok_or_else(|| self.place.child(name).invalid("is required"))
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<String, TemplateError> {
        let value = self.required(name)?;
        text(value, &self.place.child(name))
    }

    pub(crate) fn text_if_any(&mut self, name: &str) -> Result<Option<String>, TemplateError> {
        let place = self.place.child(name);
        self.take(name).map(|value| text(value, &place)).transpose()
    }

    /// A text that must be one of `choices`.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, TemplateError> {
        let Some(given) = self.text_if_any(name)? else { return Ok(None) };
        match choices.iter().find(|(known, _)| *known == given) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let known: Vec<&str> = choices.iter().map(|(known, _)| *known).collect();
                let problem = format!("is {given:?}, known are {}", known.join(", "));
                Err(self.place.child(name).invalid(problem))
            }
        }
    }

    /// A whole number within AWS's own limits.
    pub(crate) fn whole(
        &mut self,
        name: &str,
        limits: RangeInclusive<u32>,
    ) -> Result<Option<u32>, TemplateError> {
        let place = self.place.child(name);
        let Some(value) = self.take(name) else { return Ok(None) };
        // CloudFormation takes "30" for 30: every parameter arrives as text.
        let number = match &value {
            Value::Number(number) => number.as_u64().and_then(|it| u32::try_from(it).ok()),
            Value::String(text) => text.parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match number {
            Some(number) if limits.contains(&number) => Ok(Some(number)),
            Some(_) | None => {
                let (least, most) = limits.into_inner();
                Err(place.invalid(format!("is {value}, must be a whole number {least} to {most}")))
            }
        }
    }

    /// A whole number of which AWS writes "without limit" as -1.
    pub(crate) fn whole_or_unlimited(
        &mut self,
        name: &str,
        limits: RangeInclusive<u32>,
    ) -> Result<Option<u32>, TemplateError> {
        if self.fields.get(name).is_some_and(|it| *it == -1 || *it == "-1") {
            self.fields.remove(name);
            return Ok(None);
        }
        self.whole(name, limits)
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, TemplateError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(self.place.child(name).invalid("must be true or false")),
        }
    }

    /// The items of a list, each with its place; none if the property is absent.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<(Place, Value)>, TemplateError> {
        let place = self.place.child(name);
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                Ok(items.into_iter().enumerate().map(|(at, item)| (place.item(at), item)).collect())
            }
            Some(_) => Err(place.invalid("must be a list")),
        }
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Properties>, TemplateError> {
        let place = self.place.child(name);
        self.take(name).map(|value| Properties::new(place, value)).transpose()
    }

    /// The entries of a map whose keys are the author's, e.g. the events of a function.
    pub(crate) fn entries(
        &mut self,
        name: &str,
    ) -> Result<Vec<(String, Properties)>, TemplateError> {
        let Some(object) = self.object(name)? else { return Ok(Vec::new()) };
        let Properties { place, fields } = object;
        fields
            .into_iter()
            .map(|(key, value)| {
                let entry = Properties::new(place.child(&key), value)?;
                Ok((key, entry))
            })
            .collect()
    }

    /// Passes over what has no effect on one machine.
    pub(crate) fn pass_over(&mut self, names: &[&str]) {
        for name in names {
            self.fields.remove(*name);
        }
    }

    /// Refuses whatever has not been taken.
    pub(crate) fn done(self) -> Result<(), TemplateError> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(left) => Err(self.place.child(left).unsupported()),
        }
    }
}

/// A value as text, as CloudFormation takes it: `80` is "80".
pub(crate) fn text(value: Value, place: &Place) -> Result<String, TemplateError> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(place.invalid("must be text")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn properties(value: Value) -> Properties {
        Properties::new(Place::at("Queue"), value).unwrap()
    }

    #[test]
    fn a_number_may_be_written_as_text() {
        let mut given = properties(json!({ "Timeout": "30" }));
        assert_eq!(given.whole("Timeout", 1..=900).unwrap(), Some(30));
    }

    #[test]
    fn a_number_outside_its_limits_is_refused_by_place() {
        let error = properties(json!({ "Timeout": 901 })).whole("Timeout", 1..=900).unwrap_err();
        assert_eq!(error.to_string(), "Queue.Timeout: is 901, must be a whole number 1 to 900");
    }

    #[test]
    fn what_no_reader_takes_is_refused() {
        let mut given = properties(json!({ "Known": 1, "Inert": 2, "New": 3 }));
        given.pass_over(&["Inert"]);
        given.whole("Known", 0..=9).unwrap();
        let error = given.done().unwrap_err().to_string();
        assert!(error.starts_with("Queue.New: the property is not followed"), "{error}");
    }
}

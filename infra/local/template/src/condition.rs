//! Conditions: which resources and values a stack has.

use serde_json::Value;

use crate::{
    error::{Place, TemplateError},
    resolver::{Resolver, Spot},
};

impl Resolver<'_> {
    /// Whether the named condition holds.
    pub(crate) fn holds(&self, name: &str, at: &Spot) -> Result<bool, TemplateError> {
        match self.document.conditions.get(name) {
            Some(condition) => self.is_true(condition, &at.into(Place::at(name))?),
            None => Err(at.place.invalid(format!("{name} is not a condition of the template"))),
        }
    }

    fn is_true(&self, condition: &Value, at: &Spot) -> Result<bool, TemplateError> {
        let at = at.into(at.place.clone())?;
        let wrong = || at.place.invalid("is no condition: Fn::Equals, Not, And, Or or Condition");
        let Value::Object(fields) = condition else { return Err(wrong()) };
        let mut entries = fields.iter();
        let (Some((name, argument)), None) = (entries.next(), entries.next()) else {
            return Err(wrong());
        };
        match (name.as_str(), argument) {
            ("Condition", Value::String(other)) => self.holds(other, &at),
            ("Fn::Equals", Value::Array(pair)) if pair.len() == 2 => {
                let pair = self.resolve_items(pair, &at)?;
                Ok(pair.len() == 2 && pair.first() == pair.last())
            }
            ("Fn::Not", Value::Array(items)) => match items.as_slice() {
                [only] => Ok(!self.is_true(only, &at)?),
                _ => Err(wrong()),
            },
            ("Fn::And", Value::Array(items)) => {
                self.truths(items, &at).map(|it| !it.contains(&false))
            }
            ("Fn::Or", Value::Array(items)) => self.truths(items, &at).map(|it| it.contains(&true)),
            _ => Err(wrong()),
        }
    }

    /// Each is looked at, so that a broken one is found whatever the others say.
    fn truths(&self, items: &[Value], at: &Spot) -> Result<Vec<bool>, TemplateError> {
        items.iter().map(|item| self.is_true(item, at)).collect()
    }
}

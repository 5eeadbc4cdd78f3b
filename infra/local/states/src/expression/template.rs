//! JSON whose texts may be expressions.

use serde_json::{Map, Value};

use super::{Expression, Query, QueryError, Text, Visible};
use crate::definition::{DefinitionError, Place};

/// JSON whose texts may be expressions, all of them parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Template {
    /// JSON without expressions.
    Constant(Value),
    Expression(Expression),
    Array(Vec<Template>),
    Object(Vec<(String, Template)>),
}

impl Template {
    /// Reads `value`, which stands at `place`.
    ///
    /// # Errors
    ///
    /// When an expression in it cannot be evaluated on AWS or here.
    pub(crate) fn parse(
        value: Value,
        place: &Place,
        visible: Visible,
    ) -> Result<Self, DefinitionError> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Self::Constant(value)),
            Value::String(text) => Self::parse_text(text, place, visible),
            Value::Array(items) => {
                let items = items.into_iter().enumerate();
                let items: Vec<Self> = items
                    .map(|(index, item)| Self::parse(item, &place.item(index), visible))
                    .collect::<Result<_, _>>()?;
                Ok(constant_items(&items).map_or(Self::Array(items), Self::Constant))
            }
            Value::Object(members) => {
                let members: Vec<(String, Self)> = members
                    .into_iter()
                    .map(|(key, value)| {
                        let value = Self::parse(value, &place.child(&key), visible)?;
                        Ok((key, value))
                    })
                    .collect::<Result<_, DefinitionError>>()?;
                Ok(constant_members(&members).map_or(Self::Object(members), Self::Constant))
            }
        }
    }

    fn parse_text(text: String, place: &Place, visible: Visible) -> Result<Self, DefinitionError> {
        match Text::of(&text) {
            Text::Plain => Ok(Self::Constant(Value::String(text))),
            Text::Expression(expression) => {
                let parsed = Expression::parse(expression, visible);
                parsed.map(Self::Expression).map_err(|problem| DefinitionError::Expression {
                    place: place.clone(),
                    expression: expression.to_owned(),
                    problem,
                })
            }
            Text::HalfOpen => Err(place
                .invalid("an expression begins with {% and ends with %}, without spaces around")),
        }
    }

    /// Its value. `location` is its field in the state, for the error.
    ///
    /// # Errors
    ///
    /// When one of its expressions has no value.
    pub(crate) fn evaluate(&self, query: &mut Query, location: &str) -> Result<Value, QueryError> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Expression(expression) => query.evaluate(expression, location),
            Self::Array(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| item.evaluate(query, &format!("{location}[{index}]")))
                    .collect()
            }
            Self::Object(members) => {
                let mut object = Map::new();
                for (key, value) in members {
                    let value = value.evaluate(query, &format!("{location}/{key}"))?;
                    object.insert(key.clone(), value);
                }
                Ok(Value::Object(object))
            }
        }
    }

    /// Its value, which must be one that `read` takes and calls `expected`.
    ///
    /// # Errors
    ///
    /// When it has no value, or one of another type.
    pub(crate) fn evaluate_as<T>(
        &self,
        query: &mut Query,
        location: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, QueryError> {
        let value = self.evaluate(query, location)?;
        let text = match self {
            Self::Expression(expression) => expression.text.as_str(),
            Self::Constant(_) | Self::Array(_) | Self::Object(_) => "",
        };
        read(&value).ok_or_else(|| QueryError::unexpected(text, location, expected, &value))
    }
}

fn constant_items(items: &[Template]) -> Option<Value> {
    items.iter().map(|item| item.constant().cloned()).collect()
}

fn constant_members(members: &[(String, Template)]) -> Option<Value> {
    let members = members.iter().map(|(key, value)| Some((key.clone(), value.constant()?.clone())));
    members.collect::<Option<Map<_, _>>>().map(Value::Object)
}

impl Template {
    /// What it is, if it is always the same.
    pub(crate) fn constant(&self) -> Option<&Value> {
        match self {
            Self::Constant(value) => Some(value),
            Self::Expression(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }
}

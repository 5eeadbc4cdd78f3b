//! Reads a pattern, and multiplies its `$or`s out.

use serde_json::{Map, Value};

use crate::{
    ALTERNATIVES_MAX, DEPTH_MAX,
    alternative::Alternative,
    error::{Offence, PatternError},
    event::child,
    filter,
};

const OR: &str = "$or";

/// Names that a field inside `$or` cannot have; a `$or` whose objects use one is read as an
/// ordinary field with content filters.
/// Source: Event Ruler's README, "The $or primitive".
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

type Alternatives = Result<Vec<Alternative>, PatternError>;

/// Where the reader stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    path: Option<&'p str>,
    depth: usize,
    inside_or: bool,
}

impl Place<'_> {
    fn error(self, offence: Offence) -> PatternError {
        offence.at(self.path.unwrap_or_default())
    }
}

/// The alternatives that a whole pattern stands for.
pub(crate) fn alternatives(pattern: &Value) -> Alternatives {
    let place = Place { path: None, depth: 0, inside_or: false };
    let fields = pattern.as_object().ok_or_else(|| place.error(Offence::NotAnObject))?;
    object(place, fields, vec![Alternative::default()])
}

/// Adds what an object demands to each of `so_far`.
fn object(place: Place<'_>, fields: &Map<String, Value>, so_far: Vec<Alternative>) -> Alternatives {
    if place.depth >= DEPTH_MAX {
        return Err(place.error(Offence::TooDeep));
    }
    if fields.is_empty() {
        return Err(place.error(Offence::EmptyObject));
    }
    let branches = fields.get(OR).and_then(branches);
    let is_or = |name: &str| branches.is_some() && name == OR;
    let so_far = match &branches {
        Some(branches) => any_of(place, branches, so_far)?,
        None => so_far,
    };
    let others = fields.iter().filter(|(name, _)| !is_or(name));
    others.into_iter().try_fold(so_far, |so_far, (name, value)| field(place, name, value, so_far))
}

/// The objects of a `$or`; `None` where the name is an ordinary field's.
fn branches(or: &Value) -> Option<Vec<&Map<String, Value>>> {
    let is_filter = |it: &&Map<String, Value>| it.keys().any(|name| is_reserved(name));
    let branches: Vec<_> = or.as_array()?.iter().map(Value::as_object).collect::<Option<_>>()?;
    (branches.len() >= 2 && !branches.iter().any(is_filter)).then_some(branches)
}

fn any_of(
    place: Place<'_>,
    branches: &[&Map<String, Value>],
    so_far: Vec<Alternative>,
) -> Alternatives {
    let inside = Place { depth: place.depth + 1, inside_or: true, ..place };
    let mut alternatives = vec![];
    for branch in branches {
        alternatives.extend(object(inside, branch, so_far.clone())?);
        if alternatives.len() > ALTERNATIVES_MAX {
            return Err(place.error(Offence::TooManyAlternatives));
        }
    }
    Ok(alternatives)
}

fn field(
    place: Place<'_>,
    name: &str,
    value: &Value,
    mut so_far: Vec<Alternative>,
) -> Alternatives {
    let path = child(place.path, name);
    let here = Place { path: Some(&path), depth: place.depth + 1, ..place };
    if place.inside_or && is_reserved(name) {
        return Err(here.error(Offence::ReservedInOr(name.to_owned())));
    }
    match value {
        Value::Object(fields) => object(here, fields, so_far),
        Value::Array(values) if values.is_empty() => Err(here.error(Offence::EmptyArray)),
        Value::Array(values) => {
            let matchers: Vec<_> = values
                .iter()
                .map(filter::matcher)
                .collect::<Result<_, _>>()
                .map_err(|offence| here.error(offence))?;
            let (path, matchers) = (path.as_str().into(), matchers.into());
            for alternative in &mut so_far {
                alternative.demand(&path, &matchers);
            }
            Ok(so_far)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(here.error(Offence::NotAnArray))
        }
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

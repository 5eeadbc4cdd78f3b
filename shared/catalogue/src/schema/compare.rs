//! The comparison of two schemas of one event.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Map, Value};

/// Keywords that do not change which values are valid, or are followed where they are referred to.
const WORDS: &[&str] =
    &["$schema", "$defs", "$comment", "title", "description", "examples", "deprecated"];

/// How deep a schema is followed; a type that contains itself goes deeper.
const DEPTH_MAX: usize = 32;

/// The difference of a newer schema of an event from an older one, by the rules of
/// [`schema`](super).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Optional members that are new, as paths: `items[].giftWrap`.
    pub added: Vec<String>,
    /// What the same major version cannot do.
    pub breaches: Vec<Breach>,
}

/// A change with which a reader of one of the two versions would fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Where in the event's data, as a path: `items[].quantity`. Empty for the data itself.
    pub path: String,
    /// What changed, and what it would break.
    pub change: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "data" } else { &self.path };
        write!(f, "{path}: {}", self.change)
    }
}

impl Comparison {
    /// Compares two schemas in draft 2020-12 whose references are all to their own `$defs`.
    pub fn of(older: &Value, newer: &Value) -> Self {
        let mut comparison = Self::default();
        let walk = Walk { older, newer, depth: 0 };
        walk.schemas(older, newer, "", &mut comparison);
        comparison
    }

    /// Whether both take the same values to mean the same.
    pub fn is_same(&self) -> bool {
        self.added.is_empty() && self.breaches.is_empty()
    }

    fn breach(&mut self, path: &str, change: impl Into<String>) {
        self.breaches.push(Breach { path: path.to_owned(), change: change.into() });
    }
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    older: &'a Value,
    newer: &'a Value,
    depth: usize,
}

impl Walk<'_> {
    fn schemas(self, older: &Value, newer: &Value, path: &str, into: &mut Comparison) {
        let walk = Self { depth: self.depth + 1, ..self };
        if walk.depth > DEPTH_MAX {
            return into.breach(path, "nested too deep to be compared");
        }
        let (Some(older), Some(newer)) = (expand(self.older, older), expand(self.newer, newer))
        else {
            return into.breach(path, format!("cannot be compared: was {older}, is {newer}"));
        };
        let keywords: BTreeSet<&String> = older.keys().chain(newer.keys()).collect();
        for keyword in keywords {
            if WORDS.contains(&keyword.as_str()) {
                continue;
            }
            let was = older.get(keyword).unwrap_or(&Value::Null);
            let is = newer.get(keyword).unwrap_or(&Value::Null);
            match keyword.as_str() {
                "properties" => walk.members(&older, &newer, path, into),
                "required" => required(&older, &newer, path, into),
                "items" => walk.schemas(was, is, &format!("{path}[]"), into),
                "anyOf" | "oneOf" | "allOf" => walk.alternatives(was, is, path, into),
                "enum" if was.is_array() && is.is_array() => {
                    values(&set(was), &set(is), path, into);
                }
                "type" if set(was) == set(is) => (),
                "default" if was != is => {
                    let change = format!(
                        "its default was {was}, is {is}: stored events that leave it out would \
                         come to mean something else"
                    );
                    into.breach(path, change);
                }
                _ if was == is => (),
                keyword => {
                    let change = format!(
                        "`{keyword}` was {was}, is {is}: some events are valid by one and not by \
                         the other"
                    );
                    into.breach(path, change);
                }
            }
        }
    }

    fn members(
        self,
        older: &Map<String, Value>,
        newer: &Map<String, Value>,
        path: &str,
        into: &mut Comparison,
    ) {
        let before = properties(older);
        let now = properties(newer);
        for (name, was) in &before {
            match now.get(name) {
                Some(is) => self.schemas(was, is, &join(path, name), into),
                None => {
                    let change = "is gone, or has another name: older readers miss it";
                    into.breach(&join(path, name), change);
                }
            }
        }
        let closed = older.get("additionalProperties") == Some(&Value::Bool(false));
        for name in now.into_keys().filter(|name| !before.contains_key(name)) {
            let path = join(path, name);
            if closed {
                into.breach(&path, "is new in an object in which older readers refuse what is new");
            } else if !strings(newer.get("required")).contains(name.as_str()) {
                into.added.push(path);
            }
        }
    }

    /// The same alternatives in the same order; of an enumeration, the same values.
    fn alternatives(self, was: &Value, is: &Value, path: &str, into: &mut Comparison) {
        let pairs: Vec<_> = match (enumeration(was), enumeration(is)) {
            (Some(was), Some(is)) => {
                let of = |alternatives: &[(&Value, _)]| {
                    alternatives.iter().map(|(value, _)| value.to_string()).collect()
                };
                values(&of(&was), &of(&is), path, into);
                let same = |value: &Value| is.iter().find(|(it, _)| *it == value);
                was.iter().filter_map(|(value, was)| Some((*was, same(value)?.1))).collect()
            }
            _ => match (was.as_array(), is.as_array()) {
                (Some(was), Some(is)) if was.len() == is.len() => was.iter().zip(is).collect(),
                _ => {
                    let change = "has other alternatives: one side refuses some of them";
                    return into.breach(path, change);
                }
            },
        };
        pairs.into_iter().for_each(|(was, is)| self.schemas(was, is, path, into));
    }
}

/// A schema as an object, with what it refers to in place of the reference. Nothing if it is none,
/// or refers to nothing, or to itself.
pub(super) fn expand(root: &Value, schema: &Value) -> Option<Map<String, Value>> {
    let mut schema = members(schema)?;
    for _ in 0..DEPTH_MAX {
        let Some(reference) = schema.remove("$ref") else { return Some(schema) };
        let mut expanded = members(root.pointer(reference.as_str()?.strip_prefix('#')?)?)?;
        expanded.extend(schema);
        schema = expanded;
    }
    None
}

/// A schema as it is written; `true` allows everything, and `false` nothing.
fn members(schema: &Value) -> Option<Map<String, Value>> {
    match schema {
        Value::Bool(true) => Some(Map::new()),
        Value::Bool(false) => Some(Map::from_iter([("not".to_owned(), true.into())])),
        Value::Object(members) => Some(members.clone()),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

fn required(
    older: &Map<String, Value>,
    newer: &Map<String, Value>,
    path: &str,
    into: &mut Comparison,
) {
    let was = strings(older.get("required"));
    let is = strings(newer.get("required"));
    for name in is.difference(&was) {
        into.breach(&join(path, name), "is now required: events that are stored may lack it");
    }
    for name in was.difference(&is) {
        // A removed one is reported as such.
        if properties(newer).keys().any(|property| property == name) {
            into.breach(&join(path, name), "is no longer required: older readers miss it");
        }
    }
}

fn values(was: &BTreeSet<String>, is: &BTreeSet<String>, path: &str, into: &mut Comparison) {
    for value in is.difference(was) {
        into.breach(path, format!("may now be {value}, which older readers refuse"));
    }
    for value in was.difference(is) {
        into.breach(path, format!("may no longer be {value}, which stored events have"));
    }
}

/// The values of an enumeration that is written as alternatives, each with its description. Nothing
/// if it is none, or has a value twice.
fn enumeration(alternatives: &Value) -> Option<Vec<(&Value, &Value)>> {
    let alternatives = alternatives.as_array()?.iter();
    let values: Vec<(&Value, &Value)> = alternatives
        .map(|alternative| Some((alternative.get("const")?, alternative)))
        .collect::<Option<_>>()?;
    let unique: BTreeSet<String> = values.iter().map(|(value, _)| value.to_string()).collect();
    (unique.len() == values.len()).then_some(values)
}

/// The elements of a list that stands for a set, or the one value that stands for itself.
fn set(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(elements) => elements.iter().map(Value::to_string).collect(),
        Value::Null => BTreeSet::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            [value.to_string()].into()
        }
    }
}

fn strings(value: Option<&Value>) -> BTreeSet<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn properties(schema: &Map<String, Value>) -> BTreeMap<&String, &Value> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten().collect()
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests;

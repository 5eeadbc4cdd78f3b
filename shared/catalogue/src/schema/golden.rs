//! The golden samples: one event of every version, as it comes over the bus.

use event_envelope::{Delivery, Version};
use serde_json::{Map, Value};

use super::{
    Problem,
    compare::{expand, join},
    files::{golden_path, schema_path},
    planner::Planner,
};
use crate::{DECODER, Entry, Event};

/// Checks the golden samples of a type against the catalogue, and against the stored results of
/// reading them.
pub(super) fn check(entry: Entry, planner: &mut Planner<'_>) {
    for version in entry.versions.iter().map(|it| it.version) {
        let path = golden_path(entry.event_type, version);
        let Some(sample) = planner.expect(&path) else {
            planner.problem(Problem::NoSample { path });
            continue;
        };
        match read(entry, version, sample) {
            Err(reason) => planner.problem(Problem::Unreadable { path, reason }),
            Ok(delivery) => {
                shows_all(entry, version, path, &delivery.envelope.data, planner);
                if version != entry.version {
                    reads_as(entry, version, delivery, planner);
                }
            }
        }
    }
}

/// Reads a sample, which must be of this type and version.
fn read(entry: Entry, version: Version, sample: &str) -> Result<Delivery<Event>, String> {
    let delivery: Delivery<Event> =
        DECODER.decode(sample.as_bytes()).map_err(|error| error.to_string())?;
    let event_type = &delivery.envelope.event_type;
    let is = delivery.envelope.event_version;
    if (event_type.as_str(), is) == (entry.event_type, version) {
        Ok(delivery)
    } else {
        Err(format!("is {event_type} {is}: move it there"))
    }
}

/// A sample shows every member that its version can have.
fn shows_all(
    entry: Entry,
    version: Version,
    path: String,
    data: &Value,
    planner: &mut Planner<'_>,
) {
    let schema = schema_path(entry.event_type, version);
    let text = planner.plan.write.get(&schema).map(String::as_str);
    // A schema that is missing, or none, is a problem already.
    let Some(schema) = text.or_else(|| planner.files.get(&schema)) else { return };
    let Ok(schema) = schema.parse::<Value>() else { return };
    let mut missing = Vec::new();
    find_missing(&schema, &schema, &[data], "", &mut missing);
    if !missing.is_empty() {
        planner.problem(Problem::Incomplete { path, missing });
    }
}

/// An event of an old version is, for ever, the same event in the current one.
fn reads_as(entry: Entry, version: Version, delivery: Delivery<Event>, planner: &mut Planner<'_>) {
    let path = golden_path(entry.event_type, format!("{version}-as-{}", entry.version));
    let Delivery { mut envelope, event, .. } = delivery;
    envelope.event_version = entry.version;
    envelope.data = event.data();
    let now = serde_json::json!(envelope);
    let Some(text) = planner.expect(&path) else {
        return reads_anew(entry, &path, &now, planner);
    };
    let Some(was) = planner.parse(&path, text) else { return };
    match difference(&was, &now, "", Members::All) {
        Some(difference) => planner.problem(Problem::reads_differently(path, difference)),
        None => planner.write(&path, &now),
    }
}

/// A new current version replaces the one before it: the result of reading an old event is
/// written anew, and within a major version it may only have gained.
fn reads_anew(entry: Entry, path: &str, now: &Value, planner: &mut Planner<'_>) {
    let prefix = path.trim_end_matches(&format!("{}.json", entry.version));
    let same_major = format!("{prefix}{}.", entry.version.major);
    let files = planner.files;
    for (before, text) in files.0.iter().filter(|(before, _)| before.starts_with(prefix)) {
        if before.starts_with(&same_major) {
            let Some(mut was) = planner.parse(before, text) else { continue };
            if let Some(was) = was.as_object_mut() {
                was.insert("eventVersion".to_owned(), now["eventVersion"].clone());
            }
            if let Some(difference) = difference(&was, now, "", Members::Before) {
                planner.expect(before);
                return planner.problem(Problem::reads_differently(before.clone(), difference));
            }
        }
        planner.plan.remove.insert(before.clone());
    }
    planner.write(path, now);
}

/// Which members of an object are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Members {
    All,
    /// Those that were there before.
    Before,
}

/// The first path at which two values differ, the old value there, and the new one.
fn difference(
    was: &Value,
    is: &Value,
    path: &str,
    members: Members,
) -> Option<(String, Value, Value)> {
    match (was, is) {
        (Value::Object(before), Value::Object(now)) => {
            let more = now.keys().filter(|_| members == Members::All);
            let at = |object: &Map<_, _>, name| object.get(name).cloned().unwrap_or_default();
            before.keys().chain(more).find_map(|name| {
                difference(&at(before, name), &at(now, name), &join(path, name), members)
            })
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            before.iter().zip(now).enumerate().find_map(|(index, (was, is))| {
                difference(was, is, &format!("{path}[{index}]"), members)
            })
        }
        _ => (was != is).then(|| (path.to_owned(), was.clone(), is.clone())),
    }
}

/// The members of a schema that none of `values` has.
fn find_missing(
    root: &Value,
    schema: &Value,
    values: &[&Value],
    path: &str,
    missing: &mut Vec<String>,
) {
    let Some(schema) = expand(root, schema) else { return };
    let members = schema.get("properties").and_then(Value::as_object);
    for (name, member) in members.into_iter().flatten() {
        let path = join(path, name);
        let values: Vec<&Value> = values.iter().filter_map(|value| value.get(name)).collect();
        if values.is_empty() {
            missing.push(path);
        } else {
            find_missing(root, member, &values, &path, missing);
        }
    }
    if let Some(items) = schema.get("items") {
        let path = format!("{path}[]");
        let values: Vec<&Value> =
            values.iter().filter_map(|value| value.as_array()).flatten().collect();
        if values.is_empty() {
            missing.push(path);
        } else {
            find_missing(root, items, &values, &path, missing);
        }
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        for alternative in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            find_missing(root, alternative, values, path, missing);
        }
    }
}

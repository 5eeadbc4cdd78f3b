//! A schema and the code that reads the same agree: every change to every golden sample is taken
//! by both or refused by both.

use catalogue::{CATALOGUE, DECODER, Event};
use event_envelope::{AggregateId, Delivery, Envelope, FromEnvelope};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::{decode, golden, validator, versions};

/// What may stand where something else stood: every type, and either side of every limit.
fn instead() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(65_536),
        json!(u32::MAX),
        json!(u64::from(u32::MAX) + 1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(""),
        json!("a"),
        json!("USD"),
        json!("usd"),
        json!("USDT"),
        json!("a/b"),
        json!("a\n"),
        json!("é"),
        json!("x".repeat(64)),
        json!("x".repeat(65)),
        json!("outOfStock"),
        json!("orderShipped"),
        json!("OrderShipped"),
        json!("2.0"),
        json!("2"),
        json!("+2.0"),
        json!("2026-01-01T00:00:00Z"),
        json!("2026-01-01T00:00:00.123456+02:00"),
        json!("2026-01-01T00:00:00"),
        json!("2026-13-01T00:00:00Z"),
        json!([]),
        json!({}),
    ]
}

/// `value` with each of its parts in turn replaced, left out, doubled or given one member more.
pub(super) fn changes(value: &Value) -> Vec<(String, Value)> {
    let mut changed = Vec::new();
    let mut add = |path: String, value| changed.push((path, value));
    match value {
        Value::Object(members) => {
            let with = |name: &str, member: Option<Value>| {
                let mut members: Map<String, Value> = members.clone();
                match member {
                    Some(member) => drop(members.insert(name.to_owned(), member)),
                    None => drop(members.remove(name)),
                }
                Value::Object(members)
            };
            add(".unheardOf: added".to_owned(), with("unheardOf", Some(json!([1]))));
            for (name, member) in members {
                add(format!(".{name}: left out"), with(name, None));
                for (path, change) in changes(member) {
                    add(format!(".{name}{path}"), with(name, Some(change)));
                }
            }
        }
        Value::Array(elements) => {
            add(": doubled".to_owned(), json!([elements.as_slice(), elements].concat()));
            for (index, element) in elements.iter().enumerate() {
                for (path, change) in changes(element) {
                    let mut elements = elements.clone();
                    elements[index] = change;
                    add(format!("[{index}]{path}"), Value::Array(elements));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
    for other in instead() {
        add(format!(": {other}"), other);
    }
    changed
}

/// How many changes both took and both refused.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    taken: usize,
    refused: usize,
}

impl Tally {
    #[track_caller]
    fn count<E: std::fmt::Display>(
        &mut self,
        what: &str,
        validator: &Validator,
        value: &Value,
        read: Result<(), E>,
    ) {
        let invalid = validator.iter_errors(value).next().map(|error| error.to_string());
        match (&read, &invalid) {
            (Ok(()), None) => self.taken += 1,
            (Err(_), Some(_)) => self.refused += 1,
            (Ok(()), Some(error)) => panic!("{what}: read, but invalid by the schema: {error}"),
            (Err(error), None) => panic!("{what}: valid, but not read by the code: {error}"),
        }
    }
}

/// Reads data as that of `envelope`.
fn read(mut envelope: Envelope, data: Value) -> Result<(), String> {
    // That the data names the order of the envelope is no matter of its shape.
    if let Some(order) = data["orderId"].as_str().and_then(|text| AggregateId::parse(text).ok()) {
        envelope.aggregate_id = order;
    }
    envelope.data = data;
    Event::from_envelope(&envelope).map(drop).map_err(|error| error.to_string())
}

#[test]
fn schemas_take_what_the_code_takes() {
    for (entry, version) in versions() {
        let name = format!("{}/{version}", entry.event_type);
        let validator = validator(&name);
        let Delivery { envelope, .. } = decode(&golden(entry, &version));
        let mut tally = Tally::default();
        for (path, data) in changes(&envelope.data) {
            let read = read(envelope.clone(), data.clone());
            tally.count(&format!("{name}{path}"), &validator, &data, read);
        }
        assert!(tally.taken >= 10 && tally.refused > 50, "{name}: {tally:?}");
    }
}

#[test]
fn the_schema_of_the_envelope_takes_what_the_code_takes() {
    let validator = validator("Envelope");
    let mut tally = Tally::default();
    for entry in CATALOGUE {
        let detail = &golden(*entry, &entry.version.to_string())["detail"];
        for (path, changed) in changes(detail) {
            // What the data may be is its own schema's matter, and any text names some version;
            // without one, or as version 1, the event is a different one.
            if path.starts_with(".data") || path.starts_with(".eventVersion") {
                continue;
            }
            let read = DECODER.decode::<()>(changed.to_string().as_bytes()).map(drop);
            tally.count(&format!("{}{path}", entry.event_type), &validator, &changed, read);
        }
    }
    assert!(tally.taken > 1_000 && tally.refused > 1_000, "{tally:?}");
}

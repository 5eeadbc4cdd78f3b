//! The published contracts, in the repository's `events/contracts`: its schemas, what
//! its types take, and what every sample shows.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod arbitrary;
mod rules;
mod samples;

use std::path::{Path, PathBuf};

use catalogue::{
    CATALOGUE, DECODER, Entry, Event,
    schema::{Files, plan},
};
use event_envelope::{AggregateId, Delivery, EventId};
use jsonschema::Validator;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/contracts")
}

fn files() -> Files {
    Files::load(&root()).unwrap()
}

fn json(path: &str) -> Value {
    let files = files();
    files.get(path).unwrap_or_else(|| panic!("{path} is missing")).parse().unwrap()
}

/// Decides what `schemas/<name>.json` allows.
fn validator(name: &str) -> Validator {
    let schema = json(&format!("schemas/{name}.json"));
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[track_caller]
fn assert_valid(validator: &Validator, value: &Value, what: &str) {
    let errors: Vec<_> =
        validator.iter_errors(value).map(|it| format!("{}: {it}", it.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:?}");
}

/// Every version of every type, as a type and a version.
fn versions() -> impl Iterator<Item = (Entry, String)> {
    let versions =
        |entry: &Entry| entry.versions.iter().map(|it| it.version.to_string()).collect::<Vec<_>>();
    CATALOGUE.iter().flat_map(move |entry| versions(entry).into_iter().map(|it| (*entry, it)))
}

/// The golden sample of a version, as it comes over the bus.
fn golden(entry: Entry, version: &str) -> Value {
    json(&format!("golden/{}/{version}.json", entry.event_type))
}

fn decode(event: &Value) -> Delivery<Event> {
    DECODER.decode(event.to_string().as_bytes()).unwrap()
}

#[test]
fn the_published_contracts_agree_with_the_code() {
    let plan = plan(&files());
    let problems: Vec<_> = plan.problems.iter().map(|it| format!("\n\n{it}")).collect();
    assert!(problems.is_empty(), "{}\n", problems.concat());
    let stale: Vec<_> = plan.write.keys().chain(&plan.remove).collect();
    assert!(stale.is_empty(), "{stale:#?} are not up to date; run: cargo run -- events write");
}

#[test]
fn a_golden_sample_is_valid_and_so_is_its_envelope() {
    let envelope = validator("Envelope");
    for (entry, version) in versions() {
        let name = format!("{}/{version}", entry.event_type);
        let delivery = decode(&golden(entry, &version));
        assert_valid(&validator(&name), &delivery.envelope.data, &name);
        assert_valid(&envelope, &serde_json::to_value(&delivery.envelope).unwrap(), &name);
    }
}

#[test]
fn a_golden_sample_is_what_its_service_would_publish() {
    for entry in CATALOGUE {
        let sample = golden(*entry, &entry.version.to_string());
        let Delivery { envelope, event, replay } = decode(&sample);
        // Nothing is lost, added or renamed on the way.
        assert_eq!(serde_json::to_value(&envelope).unwrap(), sample["detail"]);
        assert_eq!(event.data(), envelope.data);
        assert_eq!(replay, None);
        let order: &AggregateId = &envelope.aggregate_id;
        let id = EventId::of_sequence(entry.source, order, envelope.sequence_number);
        assert_eq!(envelope.event_id, id, "{} of {order}", entry.event_type);
    }
}

#[test]
fn golden_samples_show_all_of_the_envelope() {
    let details: Vec<Value> = versions()
        .map(|(entry, version)| golden(entry, &version)["detail"].take())
        // Of version 1 they are less than an envelope.
        .filter(|detail| detail.get("aggregateId").is_some())
        .collect();
    let schema = json("schemas/Envelope.json");
    let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for name in names(&schema["properties"]) {
        assert!(details.iter().any(|it| it.get(&name).is_some()), "none has {name}");
    }
    for name in names(&schema["$defs"]["Metadata"]["properties"]) {
        assert!(details.iter().any(|it| it["metadata"].get(&name).is_some()), "none has {name}");
    }
    for detail in details {
        for name in names(&detail) {
            assert!(schema["properties"].get(&name).is_some(), "the schema has no {name}");
        }
        for name in names(&detail["metadata"]) {
            let known = &schema["$defs"]["Metadata"]["properties"];
            assert!(known.get(&name).is_some(), "the schema has no metadata.{name}");
        }
    }
}

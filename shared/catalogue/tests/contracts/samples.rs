//! The payloads in `events/<function>`: what the code reads in them is valid.

use std::{collections::BTreeMap, fs};

use catalogue::{DECODER, Event};
use event_envelope::Delivery;
use jsonschema::Validator;
use serde_json::Value;

use super::{assert_valid, root, validator, versions};

/// The bodies of all records in all payloads that have any, with the file each is from.
fn bodies() -> Vec<(String, String)> {
    let mut bodies = Vec::new();
    for folder in fs::read_dir(root().join("..")).unwrap().map(|it| it.unwrap().path()) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if !folder.is_dir() || name == "contracts" {
            continue;
        }
        for file in fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()) {
            let payload: Value = fs::read_to_string(&file).unwrap().parse().unwrap();
            let records = payload["Records"].as_array().into_iter().flatten();
            let texts = records.filter_map(|record| record["body"].as_str());
            let file = format!("{name}/{}", file.file_name().unwrap().to_string_lossy());
            bodies.extend(texts.map(|body| (file.clone(), body.to_owned())));
        }
    }
    bodies
}

#[test]
fn sample_payloads_hold_valid_events() {
    let validators: BTreeMap<String, Validator> = versions()
        .map(|(entry, version)| format!("{}/{version}", entry.event_type))
        .map(|name| (name.clone(), validator(&name)))
        .collect();
    let envelopes = validator("Envelope");
    let mut seen = BTreeMap::<String, usize>::new();
    for (file, body) in bodies() {
        let Ok(Delivery { envelope, .. }) = DECODER.decode::<Event>(body.as_bytes()) else {
            continue;
        };
        let name = format!("{}/{}", envelope.event_type, envelope.event_version);
        assert_valid(&validators[&name], &envelope.data, &format!("{file}, {name}"));
        assert_valid(&envelopes, &serde_json::to_value(&envelope).unwrap(), &file);
        *seen.entry(name).or_default() += 1;
    }
    assert!(seen.keys().eq(validators.keys()), "not every version has a sample: {seen:?}");
}

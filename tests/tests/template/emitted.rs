//! The metrics that the code writes, read from the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use serde_json::{Value, json};

use crate::document::root;

/// What the names of fields begin with that are metrics.
const KINDS: [&str; 2] = ["monotonic_counter.", "histogram."];

/// Each metric with its further dimensions, and the package that writes it.
pub(crate) struct Emitted {
    pub(crate) metric: String,
    pub(crate) dimensions: BTreeSet<String>,
    pub(crate) package: String,
}

/// A package's manifest, as Cargo reads it.
pub(crate) struct Package {
    name: String,
    folder: String,
    needs: Vec<String>,
    binaries: Vec<String>,
}

pub(crate) fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let package = |package: &Value| {
        let manifest = text(&package["manifest_path"]);
        let needs = package["dependencies"].as_array().unwrap().iter();
        let needs = needs.filter(|it| it["kind"].is_null()).map(|it| text(&it["name"])).collect();
        let targets = package["targets"].as_array().unwrap().iter();
        let binaries =
            targets.filter(|it| it["kind"] == json!(["bin"])).map(|it| text(&it["name"]));
        Package {
            name: text(&package["name"]),
            folder: Path::new(&manifest).parent().unwrap().to_string_lossy().into_owned(),
            needs,
            binaries: binaries.collect(),
        }
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

/// Every `event!` of the target `metrics` in the code of what functions are made of.
pub(crate) fn emitted(packages: &[Package]) -> Vec<Emitted> {
    let mut emitted = Vec::new();
    for package in packages {
        let is_code = ["/functions/", "/shared/"].iter().any(|it| package.folder.contains(it));
        if !is_code || package.name == "orderly-telemetry" {
            continue;
        }
        for text in sources(&Path::new(&package.folder).join("src")) {
            for event in text.split("event!(").skip(1) {
                let event = &event[..event.find(");").unwrap()];
                if event.contains("target: \"metrics\"") {
                    emitted.extend(read(event, &package.name));
                }
            }
        }
    }
    assert!(emitted.len() > 30, "the code is not read as it is written");
    emitted
}

pub(crate) fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
    texts
}

/// The metrics of one event: its fields are `name = value`, and those that are no metrics are
/// dimensions.
fn read(event: &str, package: &str) -> Vec<Emitted> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let fields = event.split(" =").filter_map(|before| before.rsplit(|c| !is_name(c)).next());
    let fields: Vec<&str> = fields.filter(|it| !it.is_empty()).collect();
    let metric = |field: &&str| KINDS.iter().find_map(|kind| field.strip_prefix(kind)).is_some();
    let starts_large = |it: &&&str| it.starts_with(|c: char| c.is_ascii_uppercase());
    let dimensions = fields.iter().filter(|it| !metric(it)).filter(starts_large);
    let dimensions: BTreeSet<String> = dimensions.map(|it| (*it).to_owned()).collect();
    let metrics = fields.iter().filter(|it| metric(it)).map(|field| Emitted {
        metric: field.split_once('.').unwrap().1.to_owned(),
        dimensions: dimensions.clone(),
        package: package.to_owned(),
    });
    metrics.collect()
}

/// The names of the functions that `package` is compiled into.
pub(crate) fn services(packages: &[Package], package: &str) -> BTreeSet<String> {
    let by_name: BTreeMap<&str, &Package> =
        packages.iter().map(|it| (it.name.as_str(), it)).collect();
    let needs = |from: &Package| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from.name.as_str()]);
        while let Some(name) = left.pop() {
            if let Some(it) = by_name.get(name).filter(|_| seen.insert(name.to_owned())) {
                left.extend(it.needs.iter().map(String::as_str));
            }
        }
        seen.contains(package)
    };
    let functions = packages.iter().filter(|it| it.folder.contains("/functions/"));
    functions.filter(|it| needs(it)).flat_map(|it| it.binaries.clone()).collect()
}

pub(crate) fn services_of(packages: &[Package], emitted: &Emitted) -> BTreeSet<String> {
    services(packages, &emitted.package)
}

//! The rules of ARCHITECTURE.md that the compiler does not know.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use catalogue::CATALOGUE;
use local_event_pattern::Pattern;
use local_template::Template;
use serde_json::{Value, json};
use testkit::template_with;

/// The fulfilment mode.
const MODES: [&str; 2] = ["choreography", "orchestration"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The whole template but for the rules that are only there in orchestration.
fn template() -> Template {
    template_by("choreography")
}

fn template_by(mode: &str) -> Template {
    template_with(&[("FulfilmentMode", mode)])
}

/// The workspace's packages: folder, and the names of the packages each needs outside its tests.
fn packages() -> BTreeMap<String, (PathBuf, BTreeSet<String>)> {
    packages_and_needs(|kind| kind != "dev")
}

/// As [`packages`], with the needs of the kinds that `counts` names: `dev` are those of tests.
fn packages_and_needs(
    counts: impl Fn(&Value) -> bool,
) -> BTreeMap<String, (PathBuf, BTreeSet<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let package = |package: &Value| {
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        let needs = package["dependencies"].as_array().unwrap().iter();
        let needs = needs.filter(|it| counts(&it["kind"])).map(|it| it["name"].as_str().unwrap());
        let needs = needs.map(str::to_owned).collect();
        (package["name"].as_str().unwrap().to_owned(), (folder.to_owned(), needs))
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn in_folder(folder: &str) -> BTreeMap<String, (PathBuf, BTreeSet<String>)> {
    let folder = root().join(folder);
    let mut found = packages();
    found.retain(|_, (path, _)| path.starts_with(&folder));
    assert!(!found.is_empty());
    found
}

/// Every file below `folder` whose name ends with `ending`.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn functions_depend_on_shared_crates_and_never_on_each_other_or_on_the_local_stack() {
    let functions = in_folder("functions");
    let others = [in_folder("infra"), in_folder("tests")];
    for (name, (_, needs)) in &functions {
        for need in needs {
            assert!(!functions.contains_key(need), "{name} needs {need}");
            assert!(!others.iter().any(|it| it.contains_key(need)), "{name} needs {need}");
        }
    }
}

/// It runs any template: not even its tests know this one's events, functions or providers.
#[test]
fn the_local_stack_knows_nothing_of_the_shop() {
    let folder = root().join("infra/local");
    let all = packages_and_needs(|_| true);
    let local = || all.iter().filter(|(_, (path, _))| path.starts_with(&folder));
    assert!(local().count() > 10, "{all:?}");
    for (name, (path, needs)) in local() {
        for need in needs.iter().filter(|need| all.contains_key(*need)) {
            let is_local = all[need].0.starts_with(&folder);
            assert!(is_local, "{name} needs {need}");
        }
        for path in files(&path.join("src"), ".rs") {
            if path.ends_with("tests.rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
            let mut code = code.filter(|line| !line.trim_start().starts_with("//"));
            assert!(!code.any(|line| line.contains("orderly")), "{}", path.display());
        }
    }
}

#[test]
fn shared_crates_know_nothing_of_functions_and_all_but_the_catalogue_nothing_of_orders() {
    let functions = in_folder("functions");
    for (name, (_, needs)) in in_folder("shared") {
        for need in needs {
            assert!(!functions.contains_key(&need), "{name} needs {need}");
            assert!(need != "orderly-catalogue", "{name} needs the catalogue of orders");
            assert!(!need.starts_with("local-"), "{name} needs {need}");
        }
    }
}

/// So that what fills a snapshot can be anything: a running stack, or a simulated one.
#[test]
fn invariants_know_neither_of_their_gatherers() {
    let all = packages();
    let (_, needs) = &all["invariants"];
    for gatherer in ["orderly", "simulation", "local-stack", "local-dynamodb", "testkit"] {
        assert!(!needs.contains(gatherer), "invariants needs {gatherer}");
    }
    assert!(all["orderly"].1.contains("invariants") && all["simulation"].1.contains("invariants"));
}

#[test]
fn what_wires_is_short_and_decides_nothing() {
    for path in files(&root().join("functions"), ".rs") {
        let name = path.display();
        let starts = path.ends_with("src/main.rs") || name.to_string().contains("/src/bin/");
        let text = fs::read_to_string(&path).unwrap();
        if starts {
            assert!(text.lines().count() <= 10, "{name} does more than start a function");
        }
        if starts || path.ends_with("src/build.rs") {
            assert!(!text.contains(" if ") && !text.contains("match "), "{name} decides something");
        }
    }
}

#[test]
fn only_config_reads_the_environment_of_a_function() {
    for path in files(&root().join("functions"), ".rs") {
        let text = fs::read_to_string(&path).unwrap();
        let reads = text.contains("Environment") || text.contains("env::var");
        let may = path.ends_with("config.rs");
        assert!(may || !reads, "{} reads the environment", path.display());
    }
}

#[test]
fn every_event_of_the_catalogue_has_a_consumer_and_every_rule_an_event() {
    for mode in MODES {
        let mut unconsumed: BTreeSet<&str> =
            CATALOGUE.iter().map(|entry| entry.event_type).collect();
        for rule in &template_by(mode).rules {
            let pattern = Pattern::parse(&rule.pattern).unwrap();
            let consumed = CATALOGUE.iter().filter(|entry| {
                pattern.matches(&json!({ "source": entry.source, "detail-type": entry.event_type }))
            });
            let consumed: Vec<&str> = consumed.map(|entry| entry.event_type).collect();
            assert!(!consumed.is_empty(), "rule {} matches no event", rule.logical_id);
            for event in consumed {
                unconsumed.remove(event);
            }
        }
        assert_eq!(unconsumed, BTreeSet::new(), "no function consumes these in {mode}");
    }
}

#[test]
fn a_rule_matches_the_one_edge_it_is_named_after() {
    let rules = MODES.map(|mode| template_by(mode).rules);
    for rule in rules.iter().flatten() {
        let Some((_, event_type)) = rule.logical_id.split_once("On") else {
            panic!("rule {} is not named <Consumer>On<Event>", rule.logical_id);
        };
        let types = rule.pattern.get("detail-type");
        match event_type {
            "Events" | "Everything" => assert_eq!(types, None, "{}", rule.logical_id),
            named => assert_eq!(types, Some(&json!([named])), "{}", rule.logical_id),
        }
    }
}

#[test]
fn every_function_has_sample_payloads_that_are_json() {
    // Which has every function.
    for function in &template_by("orchestration").functions {
        let folder = root().join("events").join(&function.binary);
        let samples = files(&folder, ".json");
        assert!(!samples.is_empty(), "{} has no samples", function.binary);
        for sample in samples {
            let text = fs::read_to_string(&sample).unwrap();
            let parsed: Result<Value, _> = serde_json::from_str(&text);
            assert!(parsed.is_ok(), "{} is not JSON", sample.display());
        }
    }
}

/// A replay is for read models: nothing else happens twice because of one.
#[test]
fn what_reads_a_queue_can_park_and_what_moves_money_refuses_replays() {
    for function in ["inventory", "payment", "shipping", "notification", "analytics", "workflow"] {
        let text = fs::read_to_string(root().join("functions").join(function).join("src/build.rs"));
        assert!(text.unwrap().contains("ReplayPolicy::Refuse"), "{function} takes replays");
    }
}

/// An alarm that waits for a line that no code writes would never go off.
#[test]
fn the_alarm_waits_for_the_line_that_is_written_when_a_step_is_abandoned() {
    let templates = files(&root().join("infra/services"), ".yaml");
    let templates: String = templates.iter().map(|it| fs::read_to_string(it).unwrap()).collect();
    let filters = templates.lines().filter_map(|line| {
        line.split_once("FilterPattern: '{ $.message = \"")?.1.strip_suffix("\" }'")
    });
    let filters: Vec<&str> = filters.collect();
    assert_eq!(filters.len(), 2, "one for payment and one for shipping");
    let code = files(&root().join("shared/state-machine/src"), ".rs");
    let code: String = code.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for line in filters {
        assert!(code.contains(&format!("\"{line}\"")), "no code writes {line:?}");
    }
}

#[test]
fn records_of_what_was_handled_outlive_the_archive_that_could_replay_it() {
    let template = template();
    let archived = template.archives.iter().map(|archive| archive.retention_days);
    let archived = archived.max_by_key(|days| days.unwrap_or(u32::MAX)).unwrap();
    let mut keepers = 0;
    for function in &template.functions {
        if !function.environment.contains_key("IDEMPOTENCY_TABLE") {
            continue;
        }
        keepers += 1;
        let kept = function.environment.get("IDEMPOTENCY_RETENTION_DAYS");
        let kept: u32 = kept.unwrap_or_else(|| panic!("{}", function.binary)).parse().unwrap();
        // A consumer whose effects all have natural keys could forget sooner; none has asked to.
        let enough = archived.is_some_and(|archived| kept >= archived);
        assert!(enough, "{} forgets after {kept} days", function.binary);
    }
    assert!(keepers > 0);
}

#[test]
fn files_stay_small_enough_to_read() {
    for folder in ["functions", "shared", "infra", "tests/invariants", "tests/testkit"] {
        for path in files(&root().join(folder), ".rs") {
            let text = fs::read_to_string(&path).unwrap();
            let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
            let tests = path
                .components()
                .any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
            assert!(tests || lines <= 300, "{} has {lines} lines", path.display());
        }
    }
}

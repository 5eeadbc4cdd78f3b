//! Agreement with Event Ruler on a corpus that is kept beside the checkout.

use std::path::Path;

use local_event_pattern::Pattern;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    name: String,
    pattern: Value,
    event: Value,
    matches: Option<bool>,
    error: Option<Value>,
}

#[test]
fn answers_as_event_ruler_does() {
    let corpus =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/event-patterns.jsonl");
    let Ok(lines) = std::fs::read_to_string(&corpus) else {
        println!("skipped: no corpus at {}", corpus.display());
        return;
    };
    assert!(lines.lines().count() > 0, "the corpus is empty");
    let mut differences = vec![];
    for line in lines.lines() {
        let case: Case = serde_json::from_str(line).expect("a case per line");
        let expected = if case.error.is_some() { None } else { case.matches };
        let actual = Pattern::parse(&case.pattern).map(|it| it.matches(&case.event));
        if actual.as_ref().ok() != expected.as_ref() {
            differences.push(format!("{}: {actual:?} instead of {expected:?}: {line}", case.name));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

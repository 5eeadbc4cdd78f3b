//! Who consumes what: patterns, the events they were written for, and the samples of both.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use analytics::domain::AnalyticsEvent;
use catalogue::{CATALOGUE, SOURCES};
use inventory::domain::InventoryEvent;
use local_event_pattern::Pattern;
use local_template::{Rule, Template};
use notification::domain::NotificationEvent;
use order::handler::OrderInput;
use payment::webhooks::PaymentInput;
use serde_json::{Value, json};
use shipping::handler::ShippingInput;
use workflow::handler::WorkflowEvent;

use crate::document::{MODES, read, resolved, root};

/// What happens and no service acts upon: the read models show it, that is all.
const NO_CONSUMER: [&str; 7] = [
    "InventoryReleased",
    "NotificationFailed",
    "NotificationSent",
    "OrderPaid",
    "OrderTimedOut",
    "PaymentNeedsReview",
    "ShippingNeedsReview",
];

/// The binary behind a rule's target.
fn consumer<'t>(template: &'t Template, rule: &Rule) -> &'t str {
    let [target] = rule.targets.as_slice() else {
        panic!("{} has not one target", rule.logical_id)
    };
    let mapping = template.mappings.iter().find(|it| it.source.arn() == target.arn);
    let mapping =
        mapping.unwrap_or_else(|| panic!("no function works on what {} sends", rule.logical_id));
    &template.function(&mapping.function).unwrap().binary
}

fn pattern(rule: &Rule) -> Pattern {
    Pattern::parse(&rule.pattern).unwrap_or_else(|error| panic!("{}: {error}", rule.logical_id))
}

/// Every golden sample of an event, old versions included.
fn golden(event_type: &str) -> Vec<Value> {
    let entry = CATALOGUE.iter().find(|entry| entry.event_type == event_type).unwrap();
    let path = |version| format!("events/contracts/golden/{event_type}/{version}.json");
    entry.versions.iter().map(|it| read(&path(it.version)).parse().unwrap()).collect()
}

/// Those that take every event.
const EVERYTHING: [&str; 2] = ["projector", "timeline"];

/// What each consumer but those that take every event subscribes to in its code.
const SUBSCRIPTIONS: [(&str, &[&str]); 7] = [
    ("analytics", AnalyticsEvent::TYPES),
    ("inventory", InventoryEvent::TYPES),
    ("notification", NotificationEvent::TYPES),
    ("order-events", OrderInput::TYPES),
    ("payment", PaymentInput::TYPES),
    ("shipping", ShippingInput::TYPES),
    ("workflow", WorkflowEvent::TYPES),
];

/// An event that a rule sends and the code does not read would be dropped as unknown, and one that
/// the code reads and no rule sends would never come.
#[test]
fn a_consumer_subscribes_in_its_code_to_what_its_rules_send() {
    let templates = MODES.map(resolved);
    let mut sent: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for template in &templates {
        for rule in &template.rules {
            let pattern = pattern(rule);
            let bare = |it: &catalogue::Entry| json!({ "source": it.source, "detail-type": it.event_type });
            let matching = CATALOGUE.iter().filter(|entry| pattern.matches(&bare(entry)));
            let types = matching.map(|entry| entry.event_type);
            sent.entry(consumer(template, rule)).or_default().extend(types);
        }
    }
    let everything: BTreeSet<_> = CATALOGUE.iter().map(|entry| entry.event_type).collect();
    for consumer in EVERYTHING {
        assert_eq!(sent.remove(consumer), Some(everything.clone()), "{consumer}");
    }
    let subscribed = SUBSCRIPTIONS.map(|(name, types)| (name, types.iter().copied().collect()));
    assert_eq!(sent, BTreeMap::from(subscribed));
}

#[test]
fn an_event_is_acted_upon_or_known_not_to_be() {
    let templates = MODES.map(resolved);
    let is_acted_upon = |event: &Value| {
        templates.iter().any(|template| {
            template.rules.iter().any(|rule| {
                !EVERYTHING.contains(&consumer(template, rule)) && pattern(rule).matches(event)
            })
        })
    };
    let bare = |it: &catalogue::Entry| json!({ "source": it.source, "detail-type": it.event_type });
    let ignored = CATALOGUE.iter().filter(|entry| !is_acted_upon(&bare(entry)));
    let ignored: BTreeSet<&str> = ignored.map(|entry| entry.event_type).collect();
    assert_eq!(ignored, BTreeSet::from(NO_CONSUMER));
}

#[test]
fn a_rule_asks_for_a_source_and_a_type_and_gets_every_version_of_that_event_alone() {
    for template in MODES.map(resolved) {
        for rule in &template.rules {
            let pattern = pattern(rule);
            let asked: Vec<&str> =
                rule.pattern.as_object().unwrap().keys().map(String::as_str).collect();
            // Two rules match everything that is published, now and later.
            if rule.logical_id.ends_with("OnEverything") {
                assert_eq!(rule.pattern, json!({ "source": SOURCES }));
                continue;
            }
            assert_eq!(BTreeSet::from_iter(asked), BTreeSet::from(["detail-type", "source"]));
            for entry in CATALOGUE {
                let wanted = rule.logical_id.ends_with(&format!("On{}", entry.event_type));
                for sample in golden(entry.event_type) {
                    let id = &rule.logical_id;
                    assert_eq!(pattern.matches(&sample), wanted, "{id}: {}", entry.event_type);
                    let mut forged = sample;
                    forged["source"] = json!("unknown-service");
                    assert!(!pattern.matches(&forged), "{id} asks for no source");
                }
            }
        }
    }
}

/// The events in the sample payloads of a function.
fn samples(binary: &str) -> Vec<Value> {
    let mut bodies = Vec::new();
    for entry in fs::read_dir(root().join("events").join(binary)).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let payload: Value = text.parse().unwrap();
        let records = payload["Records"].as_array().into_iter().flatten();
        bodies.extend(records.filter_map(|it| it["body"].as_str()?.parse().ok()));
    }
    bodies
}

#[test]
fn a_consumer_has_a_sample_of_each_event_that_its_rules_let_through() {
    for template in MODES.map(resolved) {
        for rule in &template.rules {
            let binary = consumer(&template, rule);
            let pattern = pattern(rule);
            let has_one = samples(binary).iter().any(|sample| pattern.matches(sample));
            assert!(has_one, "events/{binary} has no sample for {}", rule.logical_id);
        }
    }
}

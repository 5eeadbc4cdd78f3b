//! How events flow: rules, queues and streams.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use local_template::{Source, StartingPosition, StreamView, Template};
use serde_json::json;

use crate::{orderly, orderly_by};

/// Who consumes what, from whom, in both fulfilment modes; `*` is every event of the source.
const ALWAYS: &[(&str, &str, &str)] = &[
    ("inventory-service", "*", "projector"),
    ("inventory-service", "*", "timeline"),
    ("notification-service", "*", "projector"),
    ("notification-service", "*", "timeline"),
    ("order-service", "*", "projector"),
    ("order-service", "*", "timeline"),
    ("order-service", "OrderCancelled", "inventory"),
    ("order-service", "OrderCancelled", "notification"),
    ("order-service", "OrderCancelled", "payment"),
    ("order-service", "OrderCancelled", "shipping"),
    ("order-service", "OrderCancelled", "analytics"),
    ("order-service", "OrderCompleted", "analytics"),
    ("order-service", "OrderCreated", "analytics"),
    ("order-service", "OrderCreated", "notification"),
    ("order-service", "OrderResumed", "payment"),
    ("order-service", "OrderResumed", "shipping"),
    ("order-service", "OrderShipped", "inventory"),
    ("payment-service", "*", "projector"),
    ("payment-service", "PaymentCompleted", "analytics"),
    ("payment-service", "*", "timeline"),
    ("payment-service", "PaymentCompleted", "notification"),
    ("payment-service", "PaymentRefunded", "analytics"),
    ("shipping-service", "*", "projector"),
    ("shipping-service", "*", "timeline"),
    ("shipping-service", "ShipmentCreated", "notification"),
];

/// What is consumed besides in choreography.
const CHOREOGRAPHY: &[(&str, &str, &str)] = &[
    ("inventory-service", "InventoryReservationFailed", "order-events"),
    ("inventory-service", "InventoryReserved", "payment"),
    ("order-service", "OrderCreated", "inventory"),
    ("order-service", "OrderCreated", "payment"),
    ("order-service", "OrderCreated", "shipping"),
    ("payment-service", "PaymentCompleted", "order-events"),
    ("payment-service", "PaymentCompleted", "shipping"),
    ("payment-service", "PaymentFailed", "inventory"),
    ("payment-service", "PaymentFailed", "order-events"),
    ("payment-service", "PaymentRefunded", "order-events"),
    ("shipping-service", "ShipmentCreated", "order-events"),
    ("shipping-service", "ShippingFailed", "inventory"),
    ("shipping-service", "ShippingFailed", "order-events"),
    ("shipping-service", "ShippingFailed", "payment"),
];

/// What is consumed besides in orchestration: a workflow is started, and asks for the rest.
const ORCHESTRATION: &[(&str, &str, &str)] = &[("order-service", "OrderCreated", "workflow")];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The binary that works on a queue.
fn consumer<'t>(template: &'t Template, queue_arn: &str) -> &'t str {
    let mapping = template.mappings.iter().find(|it| it.source.arn() == queue_arn).unwrap();
    &template.function(&mapping.function).unwrap().binary
}

type Edge = (String, String, String);

/// Every edge of a template: source, event and consumer.
fn edges(template: &Template) -> BTreeSet<Edge> {
    let mut edges = BTreeSet::new();
    for rule in &template.rules {
        let fields: Vec<_> = rule.pattern.as_object().unwrap().keys().collect();
        assert!(fields.iter().all(|it| *it == "source" || *it == "detail-type"), "{fields:?}");
        let types = rule.pattern.get("detail-type").map_or(json!(["*"]), Clone::clone);
        for source in rule.pattern["source"].as_array().unwrap() {
            for event in types.as_array().unwrap() {
                for target in &rule.targets {
                    let edge = (
                        source.as_str().unwrap().to_owned(),
                        event.as_str().unwrap().to_owned(),
                        consumer(template, &target.arn).to_owned(),
                    );
                    assert!(edges.insert(edge), "{} repeats another rule", rule.logical_id);
                }
            }
        }
    }
    edges
}

#[test]
fn every_edge_is_there_and_no_other() {
    for (mode, besides) in [("choreography", CHOREOGRAPHY), ("orchestration", ORCHESTRATION)] {
        let expected = ALWAYS.iter().chain(besides);
        let expected = expected.map(|(a, b, c)| ((*a).into(), (*b).into(), (*c).into())).collect();
        assert_eq!(edges(&orderly_by(mode)), expected, "{mode}");
    }
}

#[test]
fn a_rule_is_one_edge_with_one_target_and_never_loses_an_event() {
    let template = orderly();
    for rule in &template.rules {
        let [target] = rule.targets.as_slice() else { panic!("{}", rule.logical_id) };
        let dead_letters = template.queue(target.dead_letter_arn.as_deref().unwrap()).unwrap();
        assert_eq!(dead_letters.name, "orderly-delivery-dlq");
        assert_eq!((target.retry.retries_max, target.retry.age_max), (185, DAY));
        assert!(rule.enabled);
        assert_eq!(rule.bus, "orderly-bus");
        assert!(rule.name.starts_with("orderly-"), "{}", rule.name);
    }
}

#[test]
fn every_consumer_has_a_queue_of_its_own_with_a_place_for_what_fails() {
    let template = orderly();
    let mut consumers = BTreeSet::new();
    for mapping in &template.mappings {
        let Source::Queue { arn, concurrency_max } = &mapping.source else { continue };
        let queue = template.queue(arn).unwrap();
        let redrive = queue.redrive.as_ref().unwrap();
        // Providers may be slow for longer than ten receives take.
        let is_long = ["orderly-payment-queue", "orderly-shipping-queue"].contains(&&*queue.name);
        assert_eq!(redrive.receives_max, if is_long { 15 } else { 10 });
        let dead_letters = template.queue(&redrive.dead_letter_arn).unwrap();
        assert_eq!(dead_letters.retention, 14 * DAY);
        assert!(dead_letters.retention > queue.retention);
        assert!(mapping.reports_item_failures && mapping.enabled && concurrency_max.is_some());
        assert_eq!((mapping.batch_size, mapping.batching_window), (10, Duration::ZERO));
        let environment = &template.function(&mapping.function).unwrap().environment;
        assert_eq!(environment["QUEUE_URL"], queue.url);
        assert_eq!(environment["DEAD_LETTER_QUEUE_URL"], dead_letters.url);
        assert!(consumers.insert(mapping.function.as_str()));
    }
    assert_eq!(consumers.len(), 8);
}

#[test]
fn the_relay_reads_every_table_that_holds_outgoing_events() {
    let template = orderly();
    let mut consumed = BTreeMap::new();
    for mapping in &template.mappings {
        let Source::Stream { arn, retries_max, on_failure_arn, bisects, starting_position, .. } =
            &mapping.source
        else {
            continue;
        };
        assert_eq!(mapping.function, "orderly-relay");
        assert_eq!(*starting_position, StartingPosition::TrimHorizon);
        assert!(*bisects && mapping.reports_item_failures && retries_max.is_some());
        let dead_letters = template.queue(on_failure_arn.as_deref().unwrap()).unwrap();
        assert_eq!(dead_letters.name, "orderly-relay-dlq");
        let table = template.tables.iter().find(|table| {
            let stream = table.stream.as_ref();
            stream.is_some_and(|it| it.arn == *arn && it.view == StreamView::NewImage)
        });
        consumed.insert(table.unwrap().name.as_str(), mapping.filters.clone());
    }
    let changes = json!({ "eventName": ["INSERT", "MODIFY"] });
    let events = json!({
        "eventName": ["INSERT"],
        "dynamodb": { "Keys": { "SK": { "S": [{ "prefix": "EVENT#" }] } } },
    });
    let expected = BTreeMap::from([
        ("orderly-event-idempotency", vec![changes.clone()]),
        ("orderly-notifications", vec![changes.clone()]),
        ("orderly-order-events", vec![events]),
        ("orderly-payments", vec![changes.clone()]),
        ("orderly-shipments", vec![changes]),
    ]);
    assert_eq!(consumed, expected);
}

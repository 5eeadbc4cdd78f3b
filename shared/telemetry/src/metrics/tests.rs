use serde_json::json;
use tracing::{Level, event};

use crate::{Told, tests::written};

fn told() -> Told {
    Told { metrics: Some("orderly".to_owned()), ..Told::default() }
}

fn measured(filter: Option<&str>, act: impl FnOnce()) -> Vec<serde_json::Value> {
    written(filter, told(), act)
}

#[test]
fn an_event_is_one_document_of_the_embedded_metric_format() {
    let lines = measured(None, || {
        event!(
            target: "metrics",
            Level::TRACE,
            monotonic_counter.EventsHandled = 1_u64,
            histogram.HandlingMs = 12.5_f64,
            histogram.PaidAmount = 10_997_i64,
            EventType = "OrderCreated",
            "not part of it"
        );
    });
    let expected = json!({
        "_aws": {
            "Timestamp": 1_763_375_400_250_i64,
            "CloudWatchMetrics": [{
                "Namespace": "orderly",
                "Dimensions": [["Service"], ["Service", "EventType"]],
                "Metrics": [
                    { "Name": "EventsHandled", "Unit": "Count" },
                    { "Name": "HandlingMs", "Unit": "Milliseconds" },
                    { "Name": "PaidAmount", "Unit": "None" },
                ],
            }],
        },
        "Service": "inventory",
        "EventType": "OrderCreated",
        "EventsHandled": 1,
        "HandlingMs": 12.5,
        "PaidAmount": 10_997,
    });
    assert_eq!(lines, [expected]);
}

#[test]
fn without_dimensions_of_its_own_a_metric_is_its_services() {
    let lines = measured(
        None,
        || event!(target: "metrics", Level::TRACE, monotonic_counter.Conflicts = 1_u64),
    );
    let definition = &lines[0]["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(definition["Dimensions"], json!([["Service"]]));
}

#[test]
fn metrics_are_there_at_every_level_of_logs_and_never_in_them() {
    for filter in [None, Some("off"), Some("error"), Some("trace")] {
        let lines = measured(
            filter,
            || event!(target: "metrics", Level::TRACE, monotonic_counter.A = 1_u64),
        );
        assert_eq!(lines.len(), 1, "{filter:?}");
        assert!(lines[0]["_aws"].is_object());
    }
    let off = measured(
        Some("metrics=off"),
        || event!(target: "metrics", Level::TRACE, monotonic_counter.A = 1),
    );
    assert!(off.is_empty());
    let none = written(
        None,
        Told::default(),
        || event!(target: "metrics", Level::TRACE, monotonic_counter.A = 1),
    );
    assert!(none.is_empty(), "they are only written where there is a namespace");
}

#[test]
fn what_cloudwatch_would_refuse_is_left_out() {
    let lines = measured(None, || {
        event!(target: "metrics", Level::TRACE, histogram.HandlingMs = f64::NAN, monotonic_counter.A = 1_u64);
        event!(target: "metrics", Level::TRACE, histogram.HandlingMs = f64::INFINITY);
        event!(target: "metrics", Level::TRACE, monotonic_counter.B = 2_u64, EventType = " ", count = 7);
    });
    let [first, second] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(first["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 1);
    assert_eq!(second["EventType"], "none");
    assert!(second.get("count").is_none(), "a number would be a metric for each value");
}

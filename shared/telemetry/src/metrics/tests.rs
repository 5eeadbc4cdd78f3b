use serde_json::json;
use tracing::{Level, event};

use crate::{TelemetryOptions, tests::written};

fn options() -> TelemetryOptions {
    TelemetryOptions { metrics: Some("orderly".to_owned()), ..TelemetryOptions::default() }
}

fn measured(filter: Option<&str>, act: impl FnOnce()) -> Vec<serde_json::Value> {
    written(filter, options(), act)
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
        TelemetryOptions::default(),
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

/// The only line that `act` writes, and the names of its dimensions beside the service.
fn one(act: impl FnOnce()) -> (serde_json::Value, Vec<String>) {
    let lines = measured(None, act);
    let [line] = &lines[..] else { panic!("{lines:?}") };
    let sets = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
    assert_eq!(sets[0], json!(["Service"]));
    let all: Vec<String> = serde_json::from_value(sets[1].clone()).unwrap_or_default();
    assert_eq!(line["Service"], "inventory");
    assert!(all.iter().all(|name| line[name].is_string()), "{line}");
    (line.clone(), all.into_iter().skip(1).collect())
}

#[test]
fn a_dimension_is_what_cloudwatch_takes_and_never_costs_the_metric() {
    let long = "z".repeat(4_000);
    for (value, written) in [
        ("théâtre", "th??tre"),
        ("日本", "??"),
        ("two\r\nlines\t", "two??lines?"),
        ("\u{1b}]0;title\u{7}\u{7f}", "?]0;title??"),
        (":begins", "?begins"),
        ("\u{a0} ", "none"),
        ("", "none"),
        (&long, &long[..255]),
        ("a b", "a b"),
    ] {
        let (line, names) = one(|| {
            event!(target: "metrics", Level::TRACE, monotonic_counter.Sold = 3_u64, Kind = value);
        });
        assert_eq!((&line["Kind"], &line["Sold"]), (&json!(written), &json!(3)), "{value:?}");
        assert_eq!(names, ["Kind"]);
    }
}

#[test]
fn a_member_of_a_document_has_one_name_and_one_value() {
    let (line, names) = one(|| {
        event!(
            target: "metrics", Level::TRACE, Sold = "many", Service = "another", _aws = "none",
            monotonic_counter.Sold = 3_u64, histogram.Sold = 4_u64, Kind = "book",
        );
    });
    assert_eq!((&line["Sold"], names), (&json!(3), vec!["Kind".to_owned()]));
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 1);
}

#[test]
fn a_dimension_whose_name_cloudwatch_refuses_is_left_out() {
    let (line, names) = one(|| {
        event!(
            target: "metrics", Level::TRACE, monotonic_counter.Sold = 3_u64,
            "größe" = "a", ":colon" = "b", " " = "c", Kind = "book",
        );
    });
    assert_eq!((&line["Sold"], names), (&json!(3), vec!["Kind".to_owned()]));
}

#[test]
fn there_are_thirty_dimensions_at_most() {
    let (line, names) = one(|| {
        event!(
            target: "metrics", Level::TRACE, monotonic_counter.Sold = 3_u64,
            d01 = "v", d02 = "v", d03 = "v", d04 = "v", d05 = "v", d06 = "v", d07 = "v", d08 = "v",
            d09 = "v", d10 = "v", d11 = "v", d12 = "v", d13 = "v", d14 = "v", d15 = "v", d16 = "v",
            d17 = "v", d18 = "v", d19 = "v", d20 = "v", d21 = "v", d22 = "v", d23 = "v", d24 = "v",
            d25 = "v", d26 = "v", d27 = "v", d28 = "v", d29 = "v", d30 = "v", d31 = "v",
        );
    });
    assert_eq!((&line["Sold"], names.len()), (&json!(3), 29));
    assert!(line.get("d30").is_none());
}

#[test]
fn numbers_that_cloudwatch_refuses_are_left_out() {
    for out in [f64::NAN, f64::NEG_INFINITY, 1e109, -1e300] {
        let (line, _) = one(|| {
            event!(
                target: "metrics", Level::TRACE,
                histogram.Took = out, histogram.Weight = -1e108_f64,
            );
        });
        assert!(line.get("Took").is_none() && line["Weight"].is_number(), "{line}");
    }
}

use serde_json::json;

use super::*;

fn measured(service: &str, event_type: &str, handling_ms: f64) -> String {
    json!({
        "_aws": {
            "Timestamp": 1,
            "CloudWatchMetrics": [{
                "Namespace": "local",
                "Dimensions": [["Service"], ["Service", "EventType"]],
                "Metrics": [
                    { "Name": "EventsHandled", "Unit": "Count" },
                    { "Name": "HandlingMs", "Unit": "Milliseconds" },
                ],
            }],
        },
        "Service": service, "EventType": event_type, "EventsHandled": 1, "HandlingMs": handling_ms,
    })
    .to_string()
}

fn span(service: &str, [trace, id, parent]: [&str; 3], begun_at: u64, order: &str) -> String {
    json!({
        "resourceSpans": [{
            "resource": {
                "attributes": [
                    { "key": "service.name", "value": { "stringValue": service } },
                ],
            },
            "scopeSpans": [{
                "spans": [{
                    "traceId": trace, "spanId": id, "parentSpanId": parent, "name": "record",
                    "startTimeUnixNano": begun_at.to_string(),
                    "endTimeUnixNano": (begun_at + 2_500_000).to_string(),
                    "attributes": [
                        { "key": "aggregate_id", "value": { "stringValue": order } },
                        { "key": "outcome", "value": { "stringValue": "handled" } },
                    ],
                }],
            }],
        }],
    })
    .to_string()
}

#[test]
fn metrics_of_a_kind_are_added_up() {
    let telemetry = Telemetry::default();
    for handling_ms in [1.0, 2.0, 9.0] {
        telemetry.record(&measured("payment", "OrderCreated", handling_ms));
    }
    telemetry.record(&measured("shipping", "OrderCreated", 1.0));
    telemetry.record(r#"{"level":"INFO","message":"a line of the log"}"#);
    let MetricTable(rows) = telemetry.metrics();
    assert_eq!(rows.len(), 4);
    let [handled, handling] = &rows[..2] else { panic!("{rows:?}") };
    assert_eq!((handled.name.as_str(), handled.sum), ("EventsHandled", 3.0));
    assert_eq!(handled.of, "EventType=OrderCreated");
    assert_eq!((handling.count, handling.p50, handling.p99), (3, 2.0, 9.0));
}

#[test]
fn a_trace_is_a_tree_of_all_services() {
    let telemetry = Telemetry::default();
    // They come as they end.
    telemetry.record(&span("payment", ["t1", "c", "b"], 9_000_000, ""));
    telemetry.record(&span("inventory", ["t1", "b", "a"], 5_000_000, "order-1"));
    telemetry.record(&span("order-api", ["t1", "a", "client"], 1_000_000, ""));
    telemetry.record(&span("order-api", ["t2", "z", ""], 2_000_000, "order-2"));
    let shown = telemetry.traces("aggregate_id", "order-1").to_string();
    let lines: Vec<Vec<&str>> =
        shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines,
        [
            ["0.0", "ms", "2.5", "ms", "order-api", "record", "handled"],
            ["4.0", "ms", "2.5", "ms", "inventory", "record", "handled"],
            ["8.0", "ms", "2.5", "ms", "payment", "record", "handled"],
        ]
    );
    assert!(shown.contains("  order-api") && shown.contains("    inventory"), "{shown}");
    assert_eq!(telemetry.traces("aggregate_id", "order-3"), SpanTree::default());
}

#[test]
fn a_trace_that_goes_in_a_circle_ends() {
    let telemetry = Telemetry::default();
    telemetry.record(&span("a", ["t", "root", "none"], 1, "order-1"));
    telemetry.record(&span("a", ["t", "x", "root"], 2, "order-1"));
    telemetry.record(&span("a", ["t", "x", "x"], 3, "order-1"));
    assert!(telemetry.traces("aggregate_id", "order-1").to_string().lines().count() < 10_000);
}

#[test]
fn spans_are_handed_on_as_they_were_written_as_long_as_there_is_room() {
    let telemetry = Telemetry::default();
    let line = |id: &str| span("a", ["t", id, ""], 1, "order-1");
    telemetry.record(&line("before"));
    let (sender, mut documents) = tokio::sync::mpsc::channel(1);
    telemetry.forward_spans(sender);
    telemetry.record(&measured("payment", "OrderCreated", 1.0));
    for id in ["x", "y", "z"] {
        telemetry.record(&line(id));
    }
    assert_eq!(telemetry.stop_forwarding(), 2);
    telemetry.record(&line("after"));
    assert_eq!(documents.try_recv().unwrap().to_string(), line("x"));
    assert!(documents.try_recv().is_err() && documents.is_closed());
}

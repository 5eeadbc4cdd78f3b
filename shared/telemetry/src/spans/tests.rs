use runtime::{IdGenerator, Tracer};
use serde_json::{Value, json};
use tracing::{error, error_span, field::Empty, info_span};

use crate::{TelemetryOptions, tests::written};

const CAME: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn tracer() -> Tracer {
    Tracer::drawn_from(IdGenerator::from_fn(|| "0123456789abcdef0123456789abcdef".to_owned()))
}

/// The spans that `act` writes.
fn spans(act: impl FnOnce()) -> Vec<Value> {
    let options =
        TelemetryOptions { tracer: tracer(), has_spans: true, ..TelemetryOptions::default() };
    let mut lines = written(Some("off,telemetry=info"), options, act);
    lines.retain(|line| line.get("resourceSpans").is_some());
    lines
}

fn record() -> tracing::Span {
    let span = error_span!(
        "record",
        otel.kind = "consumer",
        event_type = "OrderCreated",
        receive_count = 2_u32,
        outcome = Empty,
        trace_id = Empty,
        span_id = Empty,
        parent_span_id = Empty,
    );
    if let Some(child) = tracer().child_context(Some(CAME)) {
        child.record(&span);
    }
    span
}

#[test]
fn a_span_that_has_ended_is_one_document_of_opentelemetry() {
    let lines = spans(|| {
        let span = record();
        span.record("outcome", "retry");
        span.record("outcome", "handled");
    });
    let [line] = &lines[..] else { panic!("{lines:?}") };
    let [resource] = &line["resourceSpans"].as_array().unwrap()[..] else { panic!("{line}") };
    let service = json!([{ "key": "service.name", "value": { "stringValue": "inventory" } }]);
    assert_eq!(resource["resource"]["attributes"], service);
    let scope = &resource["scopeSpans"][0];
    assert_eq!(scope["scope"]["name"], "telemetry::spans::tests");
    let mut span = scope["spans"][0].clone();
    let end: i128 = span["endTimeUnixNano"].take().as_str().unwrap().parse().unwrap();
    let start = 1_763_375_400_250_000_000;
    assert!((start..start + 1_000_000_000).contains(&end), "{end}");
    let expected = json!({
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "0123456789abcdef",
        "parentSpanId": "b7ad6b7169203331",
        "name": "record OrderCreated",
        "kind": 5,
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": null,
        "attributes": [
            { "key": "event_type", "value": { "stringValue": "OrderCreated" } },
            { "key": "receive_count", "value": { "intValue": "2" } },
            { "key": "outcome", "value": { "stringValue": "handled" } },
        ],
    });
    assert_eq!(span, expected);
}

#[test]
fn a_span_within_another_is_its_child_and_one_within_none_is_not_written() {
    let lines = spans(|| {
        drop(info_span!("alone"));
        let _invocation = info_span!("invocation").entered();
        let _record = record().entered();
        let _call = info_span!("provider", otel.kind = "client").entered();
        error!("no answer");
    });
    let span = |index: usize| lines[index]["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone();
    assert_eq!(lines.len(), 2);
    let (call, record) = (span(0), span(1));
    assert_eq!(call["name"], "provider");
    assert_eq!((&call["kind"], &call["status"]["code"]), (&json!(3), &json!(2)));
    assert_eq!(call["traceId"], record["traceId"]);
    assert_eq!(call["parentSpanId"], record["spanId"]);
    assert_eq!(record["status"], Value::Null);
}

#[test]
fn a_span_lies_within_the_one_around_it_to_the_nanosecond() {
    // The clock of the tests stands still, as one of milliseconds does for most spans.
    let lines = spans(|| {
        let _record = record().entered();
        std::thread::sleep(std::time::Duration::from_millis(2));
        drop(info_span!("provider", otel.kind = "client").entered());
    });
    let time = |index: usize, name: &str| -> i128 {
        let span = &lines[index]["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        span[name].as_str().unwrap().parse().unwrap()
    };
    let [call, record] = [0, 1];
    let (start, end) = ("startTimeUnixNano", "endTimeUnixNano");
    assert!(time(call, start) >= time(record, start) + 2_000_000, "{lines:?}");
    assert!(time(call, start) <= time(call, end), "{lines:?}");
    assert!(time(call, end) <= time(record, end), "{lines:?}");
}

#[test]
fn an_answer_that_is_an_error_fails_the_span_of_who_is_at_fault() {
    let code = |kind: &'static str, status: u16| {
        let lines = spans(|| {
            let _record = record().entered();
            info_span!("call", otel.kind = kind, status = Empty).record("status", status);
        });
        lines[0]["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["status"]["code"].clone()
    };
    for (kind, status) in [("client", 400), ("client", 503), ("server", 500), ("server", 504)] {
        assert_eq!(code(kind, status), 2, "{kind} {status}");
    }
    for (kind, status) in [("client", 302), ("server", 201), ("server", 409), ("internal", 500)] {
        assert_eq!(code(kind, status), Value::Null, "{kind} {status}");
    }
}

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{debug, error, info, info_span, instrument, warn};

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn clock() -> Clock {
    Clock::fixed(time::macros::datetime!(2025-11-17 10:30:00.25 UTC))
}

/// What `act` logs with `filter`, line by line.
fn logged(filter: Option<&str>, act: impl FnOnce()) -> Vec<Value> {
    written(filter, TelemetryOptions::default(), act)
}

/// The lines that `act` writes in a process with these `options`.
pub(crate) fn written(
    filter: Option<&str>,
    options: TelemetryOptions,
    act: impl FnOnce(),
) -> Vec<Value> {
    let text = text(filter, options, act);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(filter: Option<&str>, options: TelemetryOptions, act: impl FnOnce()) -> String {
    let lines = Lines::default();
    let written = lines.clone();
    let subscriber =
        subscriber("inventory", filter, options, &clock(), move || lines.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, act);
    let bytes = written.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn record() -> tracing::Span {
    tracing::error_span!("record", event_id = "evt_1", aggregate_id = "order-1")
}

#[instrument(fields(sku = "prod-001"))]
fn reserve() {
    info!(quantity = 2, "reserved");
}

#[test]
fn a_line_has_time_level_service_and_record() {
    let lines = logged(None, || {
        let _invocation = info_span!("invocation", requestId = "req-1").entered();
        let _record = record().entered();
        reserve();
    });
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line["service"], "inventory");
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "reserved");
    assert_eq!(line["quantity"], 2);
    assert_eq!(line["target"], "telemetry::tests");
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(timestamp.len() == "2025-11-17T10:30:00.000000Z".len() && timestamp.ends_with('Z'));
    let span = &line["span"];
    assert_eq!(span["requestId"], "req-1");
    assert_eq!(span["event_id"], "evt_1");
    assert_eq!(span["aggregate_id"], "order-1");
    assert_eq!(span["sku"], "prod-001");
}

#[test]
fn what_a_client_sent_cannot_forge_a_line() {
    let lines = logged(None, || warn!(name = "a\n{\"level\":\"ERROR\"}\x1b[31m", "odd"));
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["level"], "WARN");
}

#[test]
fn libraries_stay_quiet_until_they_are_named() {
    let talk = || {
        debug!("ours");
        info!(target: "aws_smithy_runtime::client", "attempt");
        warn!(target: "aws_sdk_dynamodb", "throttled");
    };
    let messages = |filter| -> Vec<String> {
        let lines = logged(filter, talk);
        lines.iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(messages(None), ["throttled"]);
    assert_eq!(messages(Some("debug")), ["ours", "throttled"]);
    assert_eq!(messages(Some("aws_smithy_runtime=info")), ["attempt", "throttled"]);
    assert_eq!(messages(Some("off,aws_sdk=off")), [""; 0]);
}

#[test]
fn an_error_keeps_its_record_at_every_level() {
    let lines = logged(Some("error"), || {
        let _record = record().entered();
        error!("lost");
    });
    assert_eq!(lines[0]["span"]["aggregate_id"], "order-1");
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    let error = init("inventory", Some("inventory=loud")).unwrap_err();
    assert!(error.to_string().starts_with(r#"RUST_LOG is "inventory=loud""#), "{error}");
}

#[test]
fn personal_data_is_read_but_never_shown() {
    let email: Redacted<String> = serde_json::from_str(r#""ann@example.com""#).unwrap();
    let lines = logged(None, || info!(%email, email_debug = ?Some(&email), "mailed"));
    assert_eq!(lines[0]["email"], "[redacted]");
    assert_eq!(lines[0]["email_debug"], "Some([redacted])");
    assert_eq!(email.into_inner(), "ann@example.com");
}

#[test]
fn the_environment_selects_metrics_and_spans() {
    let read = |namespace: &'static str, exporter: &'static str| {
        TelemetryOptions::read(move |name| match name {
            METRICS_NAMESPACE => Some(namespace.to_owned()),
            TRACES_EXPORTER => Some(exporter.to_owned()),
            _ => None,
        })
    };
    let silent = read("", "");
    assert!(silent.metrics.is_none() && !silent.has_spans && silent.ignored.is_none());
    assert!(silent.tracer.child_context(None).is_none());
    assert_eq!(read("shop", "").metrics.as_deref(), Some("shop"));
    for exporter in ["otlp/stdout", "OTLP/Stdout", " otlp/stdout ", "none,otlp/stdout"] {
        let options = read("shop", exporter);
        assert!(options.has_spans && options.tracer.child_context(None).is_some(), "{exporter}");
        assert_eq!(options.ignored, None, "{exporter}");
    }
    for none in ["none", "None", "NONE", " ", ",", "none,"] {
        let options = read("shop", none);
        assert!(!options.has_spans && options.ignored.is_none(), "{none}");
    }
}

#[test]
fn an_exporter_for_other_sdks_is_ignored_with_a_warning() {
    let read = |exporter: &'static str| TelemetryOptions::read(move |_| Some(exporter.to_owned()));
    for other in ["otlp", "xray", "console", "zipkin,otlp", "otlp/stdout2", "\u{202e}"] {
        let options = read(other);
        assert!(!options.has_spans && options.tracer.child_context(None).is_none(), "{other}");
        assert_eq!(options.ignored.as_deref(), Some(other));
    }
    let both = read("otlp,otlp/stdout");
    assert!(both.has_spans && both.ignored.is_some(), "what is known of a list holds");
}

#[test]
fn a_line_has_no_name_twice() {
    let line = text(None, TelemetryOptions::default(), || {
        let _record = tracing::error_span!("record", level = 1, trace_id = "t-1").entered();
        info!(
            level = "LOUD", timestamp = "never", target = 4, span = ?Some(1), service = true,
            fields = 0.5, message = "another", trace_id = "t-2", sku = "a", "logged"
        );
    });
    let names = ["level", "timestamp", "target", "span", "service", "fields", "message"];
    let parsed: Value = serde_json::from_str(&line).unwrap();
    for name in names {
        let own = format!("\"{name}\":");
        let below = parsed["fields"].to_string().matches(&own).count();
        let in_span = parsed["span"].to_string().matches(&own).count();
        assert_eq!(line.matches(&own).count() - below - in_span, 1, "{name}: {line}");
    }
    assert_eq!((&parsed["level"], &parsed["message"]), (&"INFO".into(), &"logged".into()));
    assert_eq!(
        (&parsed["service"], &parsed["target"]),
        (&"inventory".into(), &module_path!().into())
    );
    assert_eq!((&parsed["trace_id"], &parsed["sku"]), (&"t-2".into(), &"a".into()));
    assert_eq!(parsed["span"]["trace_id"], "t-1");
    let below = serde_json::json!({
        "level": "LOUD", "timestamp": "never", "target": 4, "span": "Some(1)", "service": true,
        "fields": 0.5, "message": "another",
    });
    assert_eq!(parsed["fields"], below);
    assert!(logged(None, || info!("logged"))[0].get("fields").is_none());
}

#[test]
fn what_is_not_seen_is_escaped_in_logs_metrics_and_spans() {
    let odd = "a\u{202e}b\u{2066}c\u{200b}d\u{2028}e\u{85}f\u{7f}g\u{e0041}h\u{feff}é日\u{1f600}";
    let options = || TelemetryOptions {
        metrics: Some("shop".to_owned()),
        tracer: Tracer::drawn_from(IdGenerator::random()),
        has_spans: true,
        ignored: None,
    };
    let text = text(None, options(), || {
        let span = info_span!("odd", odd, trace_id = tracing::field::Empty, span_id = "1");
        options().tracer.child_context(None).unwrap().record(&span);
        let _within = span.entered();
        warn!(odd, "{odd}");
        tracing::event!(
            target: "metrics", tracing::Level::TRACE, monotonic_counter.A = 1_u64, Kind = odd
        );
    });
    assert_eq!(text.lines().count(), 3, "{text}");
    for line in text.lines() {
        let shown = |c: char| c.is_ascii_graphic() || matches!(c, ' ' | 'é' | '日' | '\u{1f600}');
        assert!(line.chars().all(shown), "{line:?}");
    }
    let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let line = if line.get("odd").is_some() {
        line
    } else {
        serde_json::from_str(text.lines().nth(1).unwrap()).unwrap()
    };
    assert_eq!((&line["odd"], &line["message"]), (&odd.into(), &odd.into()), "and is not lost");
    assert!(text.contains(r"a\u202eb\u2066c\u200bd\u2028e\u0085f\u007fg\udb40\udc41h\ufeffé"));
}

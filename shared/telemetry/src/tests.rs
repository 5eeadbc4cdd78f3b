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
    written(filter, Told::default(), act)
}

/// What `act` writes in a process that also tells what `told` says, line by line.
pub(crate) fn written(filter: Option<&str>, told: Told, act: impl FnOnce()) -> Vec<Value> {
    let lines = Lines::default();
    let written = lines.clone();
    let subscriber =
        subscriber("inventory", filter, told, &clock(), move || lines.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, act);
    let bytes = written.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn record() -> tracing::Span {
    tracing::error_span!("record", event_id = "evt_1", aggregate_id = "order-1")
}

#[instrument(fields(sku = "prod-001"))]
fn reserve() {
    info!(quantity = 2, "reserved");
}

#[test]
fn a_line_says_what_when_who_and_about_which_record() {
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
fn the_environment_says_what_is_told_besides_logs() {
    let read = |namespace: &'static str, exporter: &'static str| {
        Told::read(move |name| match name {
            METRICS_NAMESPACE => Some(namespace.to_owned()),
            TRACES_EXPORTER => Some(exporter.to_owned()),
            _ => None,
        })
    };
    let silent = read("", "").unwrap();
    assert!(silent.metrics.is_none() && !silent.has_spans);
    assert!(silent.traces.hop(None).is_none());
    let told = read("orderly", "otlp/stdout").unwrap();
    assert_eq!(told.metrics.as_deref(), Some("orderly"));
    assert!(told.has_spans && told.traces.hop(None).is_some());
    assert!(!read("orderly", "none").unwrap().has_spans);
    let error = read("orderly", "jaeger").unwrap_err().to_string();
    assert_eq!(error, "OTEL_TRACES_EXPORTER is \"jaeger\": set it to none or otlp/stdout");
}

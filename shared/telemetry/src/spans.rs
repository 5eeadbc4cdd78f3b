//! Spans as lines in OpenTelemetry's JSON, the form of its file exporter for standard output.
//!
//! A function is frozen between invocations and may never thaw: a call over the network would have
//! to be awaited in the invocation, and a written line is already with Lambda.
//! Sources: <https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/>,
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>.

mod fields;

use std::time::Instant;

use runtime::{Clock, Tracer};
use serde_json::{Value, json};
use tracing::{
    Event, Id, Level, Subscriber,
    span::{Attributes, Record},
};
use tracing_subscriber::{
    Layer,
    fmt::MakeWriter,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use crate::line;
use fields::Fields;

/// The field that has the status of an answer over HTTP.
const STATUS: &str = "status";
/// The status of a span in which an error was logged.
/// Source: <https://opentelemetry.io/docs/specs/otel/trace/api/#set-status>.
const STATUS_ERROR: u8 = 2;
/// The kind of a span that serves no caller outside its process.
const KIND_INTERNAL: u8 = 1;
/// The kinds of others, by the field `otel.kind`, as for `tracing-opentelemetry`.
/// Source: <https://github.com/open-telemetry/opentelemetry-proto/blob/v1.5.0/opentelemetry/proto/trace/v1/trace.proto>.
const KINDS: [(&str, u8); 4] = [("server", 2), ("client", 3), ("producer", 4), ("consumer", 5)];
/// From which HTTP status on a span of these kinds has failed: a 4xx is the fault of who asked.
/// Source: <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status>.
const FAILED_FROM: [(&str, u16); 2] = [("client", 400), ("server", 500)];
/// The fields that name the subject of a span: the first of them is part of its name.
const SUBJECTS: [&str; 3] = ["event_type", "task", "route"];

/// Writes each span that has ended, if it has an id (`runtime::ChildContext::record` fills it in)
/// or is within one that has.
pub(crate) struct Spans<W> {
    pub(crate) service: String,
    pub(crate) clock: Clock,
    pub(crate) tracer: Tracer,
    pub(crate) writer: W,
}

/// A span that is not yet over.
struct Open {
    begun: Instant,
    begun_at_nanos: i128,
    fields: Fields,
    is_failed: bool,
}

impl Open {
    /// When `then` is, in nanoseconds since 1970, counted from the span's beginning.
    fn at(&self, then: Instant) -> Option<i128> {
        let since = then.saturating_duration_since(self.begun).as_nanos();
        Some(self.begun_at_nanos + i128::try_from(since).ok()?)
    }

    /// Whether an error was logged in it, or the answer that it made or got is one.
    fn has_failed(&self) -> bool {
        let kind = self.fields.kind.as_deref();
        let limit = FAILED_FROM.into_iter().find(|(failing, _)| kind == Some(*failing));
        let status = self.fields.number(STATUS);
        self.is_failed || limit.zip(status).is_some_and(|((_, from), status)| status >= from)
    }
}

impl<S, W> Layer<S> for Spans<W>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if fields.trace_id.is_none()
            && let Some(parent) = span.parent()
            && let Some(open) = parent.extensions().get::<Open>()
            && let Some(trace_id) = &open.fields.trace_id
        {
            fields.trace_id = Some(trace_id.clone());
            fields.parent_span_id.clone_from(&open.fields.span_id);
            fields.span_id = self.tracer.span_id();
        }
        let begun = Instant::now();
        // The clock shows milliseconds: by it a span could end after the one that it is within.
        let begun_at_nanos = span
            .parent()
            .and_then(|parent| parent.extensions().get::<Open>()?.at(begun))
            .unwrap_or_else(|| self.clock.now().unix_timestamp_nanos());
        let open = Open { begun, begun_at_nanos, fields, is_failed: false };
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut open.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR
            && let Some(span) = context.event_span(event)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            open.is_failed = true;
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(open) = span.extensions_mut().remove::<Open>()
            && let Some(written) = self.written(&span, open)
        {
            line::write(&self.writer, &written);
        }
    }
}

impl<W> Spans<W> {
    /// The span, if it has an id.
    fn written<'a, S: LookupSpan<'a>>(&self, span: &SpanRef<'a, S>, open: Open) -> Option<Value> {
        let ended_at_nanos = open.at(Instant::now())?;
        let is_failed = open.has_failed();
        let Open { begun_at_nanos, fields, .. } = open;
        let subject = SUBJECTS.into_iter().find_map(|subject| fields.text(subject));
        let name = match subject {
            Some(subject) => format!("{} {subject}", span.name()),
            None => span.name().to_owned(),
        };
        let kind = KINDS.into_iter().find(|(kind, _)| fields.kind.as_deref() == Some(*kind));
        let mut written = json!({
            "traceId": fields.trace_id?,
            "spanId": fields.span_id?,
            "name": name,
            "kind": kind.map_or(KIND_INTERNAL, |(_, number)| number),
            // A number of 64 bits is a text in this encoding.
            "startTimeUnixNano": begun_at_nanos.to_string(),
            "endTimeUnixNano": ended_at_nanos.to_string(),
            "attributes": fields.attributes,
        });
        if let Some(parent) = fields.parent_span_id {
            written["parentSpanId"] = Value::from(parent);
        }
        if is_failed {
            written["status"] = json!({ "code": STATUS_ERROR });
        }
        let service = json!({ "key": "service.name", "value": { "stringValue": self.service } });
        Some(json!({
            "resourceSpans": [{
                "resource": { "attributes": [service] },
                "scopeSpans": [{ "scope": { "name": span.metadata().target() }, "spans": [written] }],
            }],
        }))
    }
}

#[cfg(test)]
mod tests;

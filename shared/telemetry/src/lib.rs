#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod event;
mod line;
mod metrics;
mod printable;
mod redacted;
mod spans;

use json_subscriber::JsonLayer;
use runtime::{Clock, Environment, IdGenerator, Tracer};
use serde_json::Value;
use tracing::{Subscriber, warn};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{ParseError, filter_fn},
    fmt::{MakeWriter, time::SystemTime},
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

use event::Fields;
use printable::Printable;

pub use redacted::Redacted;

/// The default filter: our own `info`, and the warnings and errors of libraries. The
/// SDK opens several spans per request, which costs more than the request's own work.
const FILTER: &str = "info,aws_config=warn,aws_runtime=warn,aws_sdk=warn,aws_sigv4=warn,\
                      aws_smithy=warn,h2=warn,hyper=warn,reqwest=warn,rustls=warn,tower=warn,\
                      metrics=trace";
/// The variable that names the namespace of metrics in CloudWatch. Without it none are written.
const METRICS_NAMESPACE: &str = "METRICS_NAMESPACE";
/// The variable that selects where spans are written.
/// Source: <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>.
const TRACES_EXPORTER: &str = "OTEL_TRACES_EXPORTER";
/// Its value for spans that are written where logs are.
const STDOUT: &str = "otlp/stdout";
/// Its value for no spans.
const NONE: &str = "none";

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("RUST_LOG is {filter:?}, which is not a list of target=level")]
    Filter {
        /// The filter that was given.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// The process logs elsewhere already.
    #[error("logs were set up before")]
    Again(#[from] TryInitError),
}

/// The telemetry that a process writes besides its logs.
#[derive(Debug, Clone, Default)]
struct TelemetryOptions {
    /// The namespace of its metrics, if it writes any.
    metrics: Option<String>,
    /// The spans that it writes.
    tracer: Tracer,
    has_spans: bool,
    /// What `OTEL_TRACES_EXPORTER` is, if it names what is not known here.
    ignored: Option<String>,
}

/// Logs what the process does to standard output, as `service`; and writes its metrics and spans
/// there, where the environment enables them: the former in the namespace `METRICS_NAMESPACE`, the
/// latter where `OTEL_TRACES_EXPORTER` is `otlp/stdout`. Any other value of the latter is logged as
/// a warning, since an account may set it for all its functions, and for other SDKs.
///
/// Returns the tracer that a consumer continues traces with.
///
/// `filter` has the form of `RUST_LOG`, e.g. `debug` or `info,my_crate=trace`. It adds to what is
/// logged anyway: the SDK and its HTTP stay quiet until they are named.
///
/// # Errors
///
/// When `filter` is invalid, or the process has logs already. A function should not start.
pub fn init(service: &str, filter: Option<&str>) -> Result<Tracer, TelemetryError> {
    let options = TelemetryOptions::read(|name| Environment::of_process().optional(name));
    let tracer = options.tracer.clone();
    let ignored = options.ignored.clone();
    subscriber(service, filter, options, &Clock::system(), std::io::stdout)?.try_init()?;
    if let Some(exporter) = ignored {
        let variable = TRACES_EXPORTER;
        warn!(variable, exporter, "ignored: spans are written by otlp/stdout, or not at all");
    }
    Ok(tracer)
}

impl TelemetryOptions {
    /// The exporter is read as OpenTelemetry asks for: without regard to case, one or a list, and
    /// an unknown value is ignored with a warning.
    fn read(variable: impl Fn(&'static str) -> Option<String>) -> Self {
        let given = |name| variable(name).filter(|value| !value.trim().is_empty());
        let exporter = given(TRACES_EXPORTER).unwrap_or_default();
        let named = || exporter.split(',').map(str::trim).filter(|name| !name.is_empty());
        let is = |name: &str, known: &str| name.eq_ignore_ascii_case(known);
        let has_spans = named().any(|name| is(name, STDOUT));
        let is_known = named().all(|name| is(name, STDOUT) || is(name, NONE));
        let tracer =
            if has_spans { Tracer::drawn_from(IdGenerator::random()) } else { Tracer::default() };
        let ignored = (!is_known).then_some(exporter);
        Self { metrics: given(METRICS_NAMESPACE), tracer, has_spans, ignored }
    }
}

fn subscriber<W>(
    service: &str,
    filter: Option<&str>,
    options: TelemetryOptions,
    clock: &Clock,
    writer: W,
) -> Result<impl Subscriber + Send + Sync, TelemetryError>
where
    W: for<'writer> MakeWriter<'writer> + Clone + Send + Sync + 'static,
{
    let given = filter.unwrap_or_default();
    let filter = EnvFilter::builder()
        .parse(format!("{FILTER},{given}"))
        .map_err(|source| TelemetryError::Filter { filter: given.to_owned(), source })?;
    let writer = Printable(writer);
    let metrics = options
        .metrics
        .map(|namespace| metrics::Metrics::new(namespace, service, clock.clone(), writer.clone()));
    let spans = options.has_spans.then(|| spans::Spans {
        service: service.to_owned(),
        clock: clock.clone(),
        tracer: options.tracer,
        writer: writer.clone(),
    });
    let mut lines = JsonLayer::new(writer);
    // CloudWatch keeps the time a line arrived; this is when it was written.
    lines.with_timer("timestamp", SystemTime);
    lines.with_level("level");
    lines.add_static_field("service", Value::from(service));
    lines.with_target("target");
    lines.add_multiple_dynamic_fields(|event, _, line| {
        let Fields { top, below } = Fields::by(event);
        for (name, value) in &top {
            // A value of JSON can always be written.
            line.write_field(name, value).unwrap_or_default();
        }
        if !below.is_empty() {
            line.write_field(event::FIELDS, below).unwrap_or_default();
        }
    });
    // All spans in one object, the innermost last: a query asks for `span.event_id`.
    lines.with_flattened_span_fields("span");
    let lines = lines.with_filter(filter_fn(|metadata| metadata.target() != metrics::TARGET));
    Ok(tracing_subscriber::registry().with(filter).with(metrics).with(spans).with(lines))
}

#[cfg(test)]
mod tests;

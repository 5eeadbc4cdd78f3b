#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod line;
mod metrics;
mod redacted;
mod spans;

use clock::{Clock, Tokens};
use json_subscriber::JsonLayer;
use serde_json::Value;
use trace::Traces;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{ParseError, filter_fn},
    fmt::{MakeWriter, time::SystemTime},
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

pub use redacted::Redacted;

/// What is logged unless a filter says otherwise: ours, and of libraries what went wrong. The
/// SDK opens several spans per request, which costs more than the request's own work.
const FILTER: &str = "info,aws_config=warn,aws_runtime=warn,aws_sdk=warn,aws_sigv4=warn,\
                      aws_smithy=warn,h2=warn,hyper=warn,reqwest=warn,rustls=warn,tower=warn,\
                      metrics=trace";
/// The variable that names the namespace of metrics in CloudWatch. Without it none are written.
const METRICS_NAMESPACE: &str = "METRICS_NAMESPACE";
/// The variable that says where spans go.
/// Source: <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>.
const TRACES_EXPORTER: &str = "OTEL_TRACES_EXPORTER";

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("RUST_LOG is {filter:?}, which is not a list of target=level")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// Spans cannot be sent there.
    #[error("{TRACES_EXPORTER} is {exporter:?}: set it to none or otlp/stdout")]
    Exporter {
        /// Where they were to be sent.
        exporter: String,
    },
    /// The process logs elsewhere already.
    #[error("logs were set up before")]
    Again(#[from] TryInitError),
}

/// What a process tells of itself besides its logs.
#[derive(Debug, Clone, Default)]
struct Told {
    /// The namespace of its metrics, if it writes any.
    metrics: Option<String>,
    /// The spans that it writes.
    traces: Traces,
    has_spans: bool,
}

/// Logs what the process does to standard output, as `service`; and writes its metrics and spans
/// there, if the environment says so: the former in the namespace `METRICS_NAMESPACE`, the latter
/// where `OTEL_TRACES_EXPORTER` is `otlp/stdout`.
///
/// Returns the traces that whoever handles messages is to go on with.
///
/// `filter` has the form of `RUST_LOG`, e.g. `debug` or `info,my_crate=trace`. It adds to what is
/// logged anyway: the SDK and its HTTP stay quiet until they are named.
///
/// # Errors
///
/// When `filter` or `OTEL_TRACES_EXPORTER` makes no sense, or the process has logs already. A
/// function should not start.
pub fn init(service: &str, filter: Option<&str>) -> Result<Traces, TelemetryError> {
    let told = Told::read(environment::optional)?;
    let traces = told.traces.clone();
    subscriber(service, filter, told, &Clock::system(), std::io::stdout)?.try_init()?;
    Ok(traces)
}

impl Told {
    fn read(variable: impl Fn(&'static str) -> Option<String>) -> Result<Self, TelemetryError> {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        let metrics = given(METRICS_NAMESPACE);
        match given(TRACES_EXPORTER).as_deref() {
            None | Some("none") => Ok(Self { metrics, ..Self::default() }),
            Some("otlp/stdout") => {
                let traces = Traces::drawn_from(Tokens::random());
                Ok(Self { metrics, traces, has_spans: true })
            }
            Some(other) => Err(TelemetryError::Exporter { exporter: other.to_owned() }),
        }
    }
}

fn subscriber<W>(
    service: &str,
    filter: Option<&str>,
    told: Told,
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
    let metrics = told.metrics.map(|namespace| metrics::Metrics {
        namespace,
        service: service.to_owned(),
        clock: clock.clone(),
        writer: writer.clone(),
    });
    let spans = told.has_spans.then(|| spans::Spans {
        service: service.to_owned(),
        clock: clock.clone(),
        traces: told.traces,
        writer: writer.clone(),
    });
    let mut lines = JsonLayer::new(writer);
    // CloudWatch keeps the time a line arrived; this is when it was written.
    lines.with_timer("timestamp", SystemTime);
    lines.with_level("level");
    lines.add_static_field("service", Value::from(service));
    lines.with_target("target");
    lines.with_flattened_event();
    // All spans in one object, the innermost last: a query asks for `span.event_id`.
    lines.with_flattened_span_fields("span");
    let lines = lines.with_filter(filter_fn(|it| it.target() != metrics::TARGET));
    Ok(tracing_subscriber::registry().with(filter).with(metrics).with(spans).with(lines))
}

#[cfg(test)]
mod tests;

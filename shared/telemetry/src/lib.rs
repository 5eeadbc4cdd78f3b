#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod redacted;

use json_subscriber::JsonLayer;
use serde_json::Value;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter,
    filter::ParseError,
    fmt::{MakeWriter, time::SystemTime},
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

pub use redacted::Redacted;

/// What is logged unless a filter says otherwise: ours, and of libraries what went wrong. The
/// SDK opens several spans per request, which costs more than the request's own work.
const FILTER: &str = "info,aws_config=warn,aws_runtime=warn,aws_sdk=warn,aws_sigv4=warn,\
                      aws_smithy=warn,h2=warn,hyper=warn,reqwest=warn,rustls=warn,tower=warn";

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
    /// The process logs elsewhere already.
    #[error("logs were set up before")]
    Again(#[from] TryInitError),
}

/// Logs what the process does to standard output, as `service`.
///
/// `filter` has the form of `RUST_LOG`, e.g. `debug` or `info,my_crate=trace`. It adds to what is
/// logged anyway: the SDK and its HTTP stay quiet until they are named.
///
/// # Errors
///
/// When `filter` makes no sense, or the process has logs already. A function should not start.
pub fn init(service: &str, filter: Option<&str>) -> Result<(), TelemetryError> {
    Ok(subscriber(service, filter, std::io::stdout)?.try_init()?)
}

fn subscriber<W>(
    service: &str,
    filter: Option<&str>,
    writer: W,
) -> Result<impl Subscriber + Send + Sync, TelemetryError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let given = filter.unwrap_or_default();
    let filter = EnvFilter::builder()
        .parse(format!("{FILTER},{given}"))
        .map_err(|source| TelemetryError::Filter { filter: given.to_owned(), source })?;
    let mut lines = JsonLayer::new(writer);
    // CloudWatch keeps the time a line arrived; this is when it was written.
    lines.with_timer("timestamp", SystemTime);
    lines.with_level("level");
    lines.add_static_field("service", Value::from(service));
    lines.with_target("target");
    lines.with_flattened_event();
    // All spans in one object, the innermost last: a query asks for `span.event_id`.
    lines.with_flattened_span_fields("span");
    Ok(tracing_subscriber::registry().with(filter).with(lines))
}

#[cfg(test)]
mod tests;

//! Metrics: events of the target `metrics`, as lines in CloudWatch's embedded metric format.
//!
//! The fields of such an event are named as for the metrics layer of `tracing-opentelemetry`, so
//! that a process may use that layer instead, without other events.
//! Sources:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>,
//! <https://docs.rs/tracing-opentelemetry/latest/tracing_opentelemetry/struct.MetricsLayer.html>.

use std::fmt;

use runtime::Clock;
use serde_json::{Map, Number, Value, json};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, fmt::MakeWriter, layer::Context};

use crate::line;

/// The target of events that are metrics.
pub(crate) const TARGET: &str = "metrics";
/// What the name of a field begins with that is added up.
const COUNTER: &str = "monotonic_counter.";
/// What the name of a field begins with that has a distribution.
const HISTOGRAM: &str = "histogram.";
/// What the name of a metric ends with that is a time in milliseconds.
const MILLISECONDS: &str = "Ms";
/// The dimension that every metric has.
const SERVICE: &str = "Service";
/// The member that lists which of the others are metrics.
const METADATA: &str = "_aws";
/// The longest name or value of a dimension, in bytes, which are ASCII.
const DIMENSION_BYTES_MAX: usize = 255;
/// The most dimensions of a metric, `Service` among them.
const DIMENSIONS_MAX: usize = 30;
/// The largest number that CloudWatch takes, of either sign: 2 to the power of 360.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>.
const VALUE_MAX: f64 = 2.348_542_582_773_833e108;
/// What replaces a character that a dimension cannot have.
const REPLACEMENT: char = '?';
/// What replaces an empty value.
const NOTHING: &str = "none";

/// Writes metrics. Each is there by its service alone, and by its service and all its other
/// dimensions together: alarms cannot add up.
pub(crate) struct Metrics<W> {
    pub(crate) namespace: String,
    pub(crate) service: String,
    pub(crate) clock: Clock,
    pub(crate) writer: W,
}

impl<S, W> Layer<S> for Metrics<W>
where
    S: Subscriber,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let mut measured = Measured::default();
        event.record(&mut measured);
        if !measured.metrics.is_empty() {
            line::write(&self.writer, &self.document(measured));
        }
    }
}

impl<W> Metrics<W> {
    pub(crate) fn new(namespace: String, service: &str, clock: Clock, writer: W) -> Self {
        Self { namespace, service: dimension(service), clock, writer }
    }

    fn document(&self, Measured { metrics, dimensions, values }: Measured) -> Value {
        // A member has one value: whatever else has the name of a metric is left out for it.
        let own = dimensions.into_iter().filter(|(name, _)| !values.contains_key(name));
        let dimensions: Map<String, Value> = own.take(DIMENSIONS_MAX - 1).collect();
        let mut sets = vec![vec![SERVICE.to_owned()]];
        if !dimensions.is_empty() {
            let all = dimensions.keys().cloned();
            sets.push([SERVICE.to_owned()].into_iter().chain(all).collect());
        }
        let milliseconds = self.clock.now().unix_timestamp_nanos() / 1_000_000;
        let mut document = Map::new();
        let metadata = json!({
            "Timestamp": i64::try_from(milliseconds).unwrap_or_default(),
            "CloudWatchMetrics": [
                { "Namespace": self.namespace, "Dimensions": sets, "Metrics": metrics },
            ],
        });
        document.insert(METADATA.to_owned(), metadata);
        document.insert(SERVICE.to_owned(), Value::from(self.service.as_str()));
        document.extend(dimensions);
        document.extend(values);
        Value::Object(document)
    }
}

/// The metrics and dimensions of one event.
#[derive(Debug, Default)]
struct Measured {
    /// Their definitions.
    metrics: Vec<Value>,
    /// Besides the service.
    dimensions: Map<String, Value>,
    /// The metrics' values.
    values: Map<String, Value>,
}

impl Measured {
    fn measure(&mut self, field: &Field, value: Number) {
        let (name, unit) = if let Some(name) = field.name().strip_prefix(COUNTER) {
            (name, "Count")
        } else if let Some(name) = field.name().strip_prefix(HISTOGRAM) {
            (name, if name.ends_with(MILLISECONDS) { "Milliseconds" } else { "None" })
        } else {
            // A number is no dimension: it would make a metric of each.
            return;
        };
        let is_taken = matches!(name, SERVICE | METADATA) || self.values.contains_key(name);
        if name.is_empty() || is_taken {
            return;
        }
        self.metrics.push(json!({ "Name": name, "Unit": unit }));
        self.values.insert(name.to_owned(), Value::Number(value));
    }
}

impl Visit for Measured {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // CloudWatch takes neither infinity nor what is no number, and JSON has neither.
        if let Some(number) = Number::from_f64(value).filter(|_| value.abs() <= VALUE_MAX) {
            self.measure(field, number);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.measure(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.measure(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let name = field.name();
        let is_own = matches!(name, SERVICE | METADATA);
        // A name that CloudWatch would refuse would cost it the metric.
        if !is_own && dimension(name) == name {
            self.dimensions.insert(name.to_owned(), Value::from(dimension(value)));
        }
    }

    /// A message, or a value of any other form: neither a metric nor a dimension.
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// `text` as a name or value of a dimension: ASCII without control characters, no more than is
/// taken, not beginning with a colon, and not of spaces alone.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>.
fn dimension(text: &str) -> String {
    let is_taken = |c: char| c == ' ' || c.is_ascii_graphic();
    let taken = |(at, c): (usize, char)| {
        if is_taken(c) && (at > 0 || c != ':') { c } else { REPLACEMENT }
    };
    let value: String = text.chars().take(DIMENSION_BYTES_MAX).enumerate().map(taken).collect();
    if text.trim().is_empty() || value.trim().is_empty() { NOTHING.to_owned() } else { value }
}

#[cfg(test)]
mod tests;

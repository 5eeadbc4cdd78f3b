//! Metrics: events of the target `metrics`, as lines in CloudWatch's embedded metric format.
//!
//! The fields of such an event are named as for the metrics layer of `tracing-opentelemetry`, so
//! that whoever would rather have that one needs no other events.
//! Sources:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>,
//! <https://docs.rs/tracing-opentelemetry/latest/tracing_opentelemetry/struct.MetricsLayer.html>.

use std::fmt;

use clock::Clock;
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
/// The longest value of a dimension, in characters. CloudWatch takes 1024; none of ours is near.
const DIMENSION_CHARS_MAX: usize = 255;

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
    fn document(&self, Measured { metrics, dimensions, values }: Measured) -> Value {
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
        document.insert("_aws".to_owned(), metadata);
        document.insert(SERVICE.to_owned(), Value::from(self.service.as_str()));
        document.extend(dimensions);
        document.extend(values);
        Value::Object(document)
    }
}

/// What an event says.
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
        self.metrics.push(json!({ "Name": name, "Unit": unit }));
        self.values.insert(name.to_owned(), Value::Number(value));
    }
}

impl Visit for Measured {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // CloudWatch takes neither infinity nor what is no number, and JSON has neither.
        if let Some(value) = Number::from_f64(value) {
            self.measure(field, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.measure(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.measure(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let value: String = value.chars().take(DIMENSION_CHARS_MAX).collect();
        // CloudWatch refuses a metric with an empty dimension, and loses it.
        let value = if value.trim().is_empty() { "none".to_owned() } else { value };
        self.dimensions.insert(field.name().to_owned(), Value::from(value));
    }

    /// A message, or a value of any other form: neither a metric nor a dimension.
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[cfg(test)]
mod tests;

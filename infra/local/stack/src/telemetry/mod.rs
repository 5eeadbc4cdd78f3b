//! What functions report besides their logs: metrics and spans, which they write as
//! lines among those of their logs.

mod metrics;
mod spans;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::mpsc::Sender;

pub use metrics::{MetricRow, MetricTable};
pub use spans::{Span, SpanTree};

use metrics::Metrics;
use spans::Spans;

/// All that was recorded since the start, as far as it is kept.
#[derive(Debug, Default)]
pub struct Telemetry {
    metrics: Mutex<Metrics>,
    spans: Mutex<Spans>,
    forward: Mutex<Forward>,
}

/// Where documents of spans go besides, if anywhere.
#[derive(Debug, Default)]
struct Forward {
    to: Option<Sender<Value>>,
    /// How many there was no room for.
    dropped: u64,
}

impl Telemetry {
    /// Takes in a line of a function's output, if it holds metrics or spans.
    pub(crate) fn record(&self, line: &str) {
        // Most lines are logs, and reading all of them would cost more than writing them.
        let may_be = line.starts_with('{')
            && (line.contains(r#""_aws":{"#) || line.contains(r#""resourceSpans":["#));
        let Some(document) = may_be.then(|| serde_json::from_str::<Value>(line).ok()).flatten()
        else {
            return;
        };
        if document["_aws"].is_object() {
            self.metrics.lock().add(&document);
        } else {
            self.spans.lock().add(&document);
            self.forward.lock().send(document);
        }
    }

    /// Hands each document of spans that is recorded from now on to `to`, as it was written. One
    /// that there is no room for is dropped: a function must not wait for who reads its output.
    pub fn forward_spans(&self, to: Sender<Value>) {
        *self.forward.lock() = Forward { to: Some(to), dropped: 0 };
    }

    /// Hands on no more, and returns how many documents were dropped.
    pub fn stop_forwarding(&self) -> u64 {
        std::mem::take(&mut *self.forward.lock()).dropped
    }

    /// The metrics so far, each with all its dimensions.
    pub fn metrics(&self) -> MetricTable {
        self.metrics.lock().table()
    }

    /// The spans of every trace in which a span has this attribute.
    pub fn traces(&self, attribute: &str, value: &str) -> SpanTree {
        self.spans.lock().with(attribute, value)
    }
}

impl Forward {
    fn send(&mut self, document: Value) {
        if let Some(to) = &self.to
            && to.try_send(document).is_err()
        {
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Value, json};
use tracing::field::{Field, Visit};

/// The fields of a span.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) trace_id: Option<String>,
    pub(super) span_id: Option<String>,
    pub(super) parent_span_id: Option<String>,
    /// `otel.kind`, e.g. `consumer`.
    pub(super) kind: Option<String>,
    /// All else, as key-value pairs of OpenTelemetry.
    pub(super) attributes: Vec<Value>,
}

impl Fields {
    /// The attribute `name`, if it is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let attribute = self.attributes.iter().find(|attribute| attribute["key"] == name)?;
        attribute["value"]["stringValue"].as_str()
    }

    /// The attribute `name`, if it is a small number.
    pub(super) fn number(&self, name: &str) -> Option<u16> {
        let attribute = self.attributes.iter().find(|attribute| attribute["key"] == name)?;
        attribute["value"]["intValue"].as_str()?.parse().ok()
    }

    /// The last value that is given to an attribute holds.
    fn set(&mut self, field: &Field, value: Value) {
        let attribute = json!({ "key": field.name(), "value": value });
        match self.attributes.iter_mut().find(|attribute| attribute["key"] == field.name()) {
            Some(former) => *former = attribute,
            None => self.attributes.push(attribute),
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let own = match field.name() {
            "trace_id" => &mut self.trace_id,
            "span_id" => &mut self.span_id,
            "parent_span_id" => &mut self.parent_span_id,
            "otel.kind" => &mut self.kind,
            _ => return self.set(field, json!({ "stringValue": value })),
        };
        *own = Some(value.to_owned());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, json!({ "boolValue": value }));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, json!({ "doubleValue": value }));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, json!({ "intValue": value.to_string() }));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, json!({ "intValue": value.to_string() }));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, json!({ "stringValue": format!("{value:?}") }));
    }
}

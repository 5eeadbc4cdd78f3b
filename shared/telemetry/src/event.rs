//! The fields of an event, under names that its line does not have yet.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;
use tracing::{
    Event,
    field::{Field, Visit},
};

/// The member for fields whose name the line has already.
pub(crate) const FIELDS: &str = "fields";
/// The names that a line has of its own.
const OWN: [&str; 6] = [FIELDS, "level", "service", "span", "target", "timestamp"];

/// The fields of an event.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// Those at the top level of the line.
    pub(crate) top: BTreeMap<&'static str, Value>,
    /// Those whose name the line has already. Of two of one name the last holds.
    pub(crate) below: BTreeMap<&'static str, Value>,
}

impl Fields {
    pub(crate) fn by(event: &Event<'_>) -> Self {
        let mut fields = Self::default();
        event.record(&mut fields);
        fields
    }

    fn set(&mut self, field: &Field, value: Value) {
        let name = field.name();
        let is_taken = OWN.contains(&name) || self.top.contains_key(name);
        let place = if is_taken { &mut self.below } else { &mut self.top };
        place.insert(name, value);
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}").into());
    }
}

//! Events as they come, read record by record: one that is malformed costs one record, not its
//! batch.

mod queue;
mod source;
mod table;

pub use queue::{QueueBatch, QueueRecord};
pub use source::{WrongSource, event_source};
pub use table::{TableBatch, TableRecord};

/// What is wrong with a record that could not be read whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record's {field} cannot be read: {reason}")]
pub struct MalformedRecord {
    /// The field, as Lambda names it.
    pub field: String,
    /// Why not. It never shows the field's value.
    pub reason: String,
}

impl MalformedRecord {
    fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// What kind of JSON `value` is, for an error that names the kind expected.
const fn kind(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "a truth value",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "a text",
        serde_json::Value::Array(_) => "a list",
        serde_json::Value::Object(_) => "an object",
    }
}

//! From a Rust type to its JSON Schema.

use std::borrow::Cow;

use event_envelope::ID_BYTES_MAX;
use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema,
    transform::RecursiveTransform,
};
use serde_json::{Map, Value};

/// The schema of JSON that can be read as `T`, in draft 2020-12.
pub fn of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12()
        .for_deserialize()
        .with_transform(RecursiveTransform(tidy))
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// Replaces the names of Rust's number types, which no validator knows, by ranges, and joins the
/// lines of a description.
fn tidy(schema: &mut Schema) {
    let Some(schema) = schema.as_object_mut() else { return };
    match schema.get("format").and_then(Value::as_str) {
        Some("int64") => bound(schema, i64::MIN.into(), i64::MAX.into()),
        Some("uint32") => bound(schema, 0.into(), u32::MAX.into()),
        Some("uint64") => bound(schema, 0.into(), u64::MAX.into()),
        Some("double") => drop(schema.remove("format")),
        _ => (),
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace("\n\n", "\0").replace('\n', " ").replace('\0', "\n\n");
    }
}

fn bound(schema: &mut Map<String, Value>, minimum: Value, maximum: Value) {
    schema.remove("format");
    // A narrower range may be there already.
    schema.entry("minimum").or_insert(minimum);
    schema.entry("maximum").or_insert(maximum);
}

/// Represents the identifiers of the envelope in schemas.
pub(crate) enum Id {}

impl JsonSchema for Id {
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An identifier.",
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]+$",
            "minLength": 1,
            "maxLength": ID_BYTES_MAX,
        })
    }
}
